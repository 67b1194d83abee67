"""The OpenAPI document as text, the same wherever it is made."""

from typing import Any

import yaml
from drf_spectacular.generators import SchemaGenerator


def document() -> dict[str, Any]:
    """The document as JSON values."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


def as_yaml() -> str:
    """The document as docs/openapi.yaml."""
    return yaml.dump(_plain(document()), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Says everything in full: a reader of YAML may not know anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | None) else str(value)
