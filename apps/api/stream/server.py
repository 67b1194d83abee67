"""The process: sockets, uvicorn, and an end that lets everybody go."""

import asyncio
import resource
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from apps.api.stream.app import application
from apps.api.stream.hub import Hub

UNREAD = 64 * 1024
"""Bytes that the system keeps for one who does not read."""


class _Reachable(H11Protocol):
    """Gives each request its connection, so that one who does not read can be cut."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Everybody is told first."""
        self._hub.end()
        await super().shutdown(sockets)


def serve(host: str, port: int) -> None:
    """Serve until a signal comes; port 0 takes a free one, and the first line printed names it."""
    _allow_files()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=1024)
    # Connections inherit both.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD)
    hub = Hub()
    config = uvicorn.Config(
        application(hub),
        http=_Reachable,
        ws="websockets-sansio",
        ws_max_size=4_096,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    name = f"[{host}]" if ":" in host else host
    print(f"http://{name}:{listening.getsockname()[1]}", flush=True)
    _Server(config, hub).run(sockets=[listening])


def _allow_files() -> None:
    """Each connection is a file: as many as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
