"""The addresses where web and stream will listen, checked before anything is started."""

import errno
import os
import socket
from dataclasses import dataclass

from script.bootstrap.failure import Failure


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable_host(self) -> str:
        """0.0.0.0 is for listening; who connects needs a real one."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        return f"http://{Address(self.reachable_host, self.port)}"


def from_environment() -> Address:
    return _given("PORT", 8000)


def stream_from_environment() -> Address:
    """Beside the web server, unless STREAM_PORT says where."""
    return _given("STREAM_PORT", from_environment().port % 65535 + 1)


def require_free(where: Address, setting: str = "PORT") -> None:
    with socket.socket(socket.AF_INET6 if ":" in where.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where.host, where.port))
        except OSError as error:
            raise Failure(
                f"Nothing can listen on {where}: {error.strerror}.", _mend(where, error, setting)
            ) from error


def _given(setting: str, default: int) -> Address:
    port = os.environ.get(setting) or str(default)
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Failure(
            f"{setting}={port} is no port.", f"Use a number from 1 to 65535: {setting}=8001 script/server."
        )
    return Address(os.environ.get("HOST") or "127.0.0.1", int(port))


def _mend(where: Address, error: OSError, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Stop what does, or take another port: {setting}={where.port % 65535 + 1} script/server."
    if error.errno == errno.EACCES:
        return f"Take a port above 1023: {setting}=8000 script/server."
    return "Set HOST to an address of this machine: HOST=127.0.0.1 script/server."
