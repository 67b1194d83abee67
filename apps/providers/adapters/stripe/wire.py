"""Stripe's library over our connections: one request is one request, and what may have been sent is never called unsent."""

from collections.abc import Mapping
from typing import Any

import httpx
import stripe

from apps.providers.adapters.http import NOT_SENT, new_client

stripe.enable_telemetry = False


class Unsent(stripe.APIConnectionError):
    """Stripe could not be reached, so it provably knows nothing of the request."""


class Wire(stripe.HTTPClient):
    """What the library sends through."""

    name = "httpx"

    def __init__(self, *, answer_seconds: int) -> None:
        super().__init__()
        self._client = new_client(answer_seconds=answer_seconds)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """The body, the status and the headers; Unsent or APIConnectionError if there is no answer."""
        try:
            answer = self._client.request(method, url, headers=headers, content=post_data)
        except NOT_SENT as error:
            raise Unsent(f"{type(error).__name__}: {error}") from error  # type: ignore[no-untyped-call]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = f"{type(error).__name__}: {error}"
            raise stripe.APIConnectionError(what) from error  # type: ignore[no-untyped-call]
        return answer.text, answer.status_code, answer.headers

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()


def client(base_url: str, key: str, *, answer_seconds: int) -> stripe.StripeClient:
    """The library for one account, which never tries again by itself: an unknown outcome is asked after, not repeated."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": base_url},
        max_network_retries=0,
        http_client=Wire(answer_seconds=answer_seconds),
    )
