"""The sandbox provider beside the product: where it listens, and by which secrets the two know each other."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from script.bootstrap import environment
from script.bootstrap.address import Address
from script.bootstrap.postgres import free_port

OPENING = "1000000"
"""What we have at each desk in each currency when its books are new."""


@dataclass(frozen=True)
class Sandbox:
    """The same for as long as the data folder lives, so that both sides' books go on."""

    port: int
    key: str
    control_key: str
    webhook_secret: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def urls(self) -> dict[str, str]:
        """What the product is told of it."""
        return {
            "SANDBOX_URL": self.url,
            "SANDBOX_KEY": self.key,
            "SANDBOX_WEBHOOK_SECRET": self.webhook_secret,
        }

    def argv(self, data: Path, address: Address) -> list[str]:
        options = {
            "port": str(self.port),
            "data": str(data / "sandbox" / "books.sqlite3"),
            "key": self.key,
            "control-key": self.control_key,
            "webhook": f"{address.url}/hooks/sandbox-{{desk}}/",
            "webhook-secret": self.webhook_secret,
            "opening": OPENING,
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        return [str(environment.PYTHON), "-m", "apps.providers.sandbox", *given]


def sandbox(data: Path) -> Sandbox:
    """That of the data folder, made when it is first asked for."""
    kept = data / "sandbox" / "access.json"
    if kept.exists():
        return Sandbox(**json.loads(kept.read_text()))
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    made = Sandbox(free_port(), *(secrets.token_urlsafe(24) for _ in range(3)))
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(asdict(made)))
    return made
