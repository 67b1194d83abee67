"""The adapters that there are, by the name a provider's row has for them."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from apps.core.errors import DomainError
from apps.providers.adapters.ach import AchAdapter
from apps.providers.adapters.bankfile import BankfileAdapter
from apps.providers.adapters.files import FileAdapter
from apps.providers.adapters.sandbox import SandboxAdapter
from apps.providers.adapters.stripe import StripeAdapter
from apps.providers.models import Provider
from apps.providers.protocol import Adapter, Recalling

ADAPTERS: Mapping[str, Callable[[Provider], Adapter]] = {
    "sandbox": SandboxAdapter,
    "stripe": StripeAdapter,
    "bankfile": BankfileAdapter,
    "ach": AchAdapter,
}


def adapter_of(provider: Provider) -> Adapter:
    """The adapter of a provider, kept as long as the row is as it was: it has connections of its own."""
    return _kept(provider.pk, provider.changed_at.isoformat(), _Row(provider))


def recalls(provider: Provider) -> Recalling | None:
    """The adapter of a provider that is asked for money back by its API, or none: a person asks it."""
    adapter = adapter_of(provider)
    return adapter if isinstance(adapter, Recalling) and adapter.recalls else None


def rail_of(provider: Provider) -> FileAdapter:
    """The adapter of a provider that makes files; NoRail of any other."""
    adapter = adapter_of(provider)
    if not isinstance(adapter, FileAdapter):
        raise NoRail(f"{provider.name} makes no files.", field="/provider")
    return adapter


class NoRail(DomainError):
    """The provider is asked payment by payment, and makes no files."""

    code = "PROVIDER_MAKES_NO_FILES"
    http_status = 409


class _Row:
    """A row that is no part of the key under which its adapter is kept."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Row)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=64)
def _kept(_provider: str, _changed: str, row: _Row) -> Adapter:
    return ADAPTERS[row.provider.adapter](row.provider)
