"""How often one request waits for PostgreSQL: counted where the driver waits."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def main() -> int:
    """Run each request three times in this process, and print the waits of the last."""
    import django

    django.setup()
    import psycopg
    from django.test import Client

    waits: list[int] = [0]
    original = psycopg.Connection.wait

    def wait(connection: Any, *args: Any, **more: Any) -> Any:
        waits[0] += 1
        return original(connection, *args, **more)

    @contextmanager
    def counted() -> Iterator[None]:
        psycopg.Connection.wait = wait  # type: ignore[method-assign, assignment]
        yield
        psycopg.Connection.wait = original  # type: ignore[method-assign]

    client, found = Client(), {}
    for asked in json.load(sys.stdin):
        for number in range(3):
            waits[0] = 0
            headers = {**asked["headers"]}
            if asked["body"] is not None:
                headers["Idempotency-Key"] = f"trips-{asked['name']}-{number}"
            with counted():
                answer = client.generic(
                    "GET" if asked["body"] is None else "POST",
                    asked["path"],
                    asked["body"] or "",
                    content_type="application/json",
                    headers=headers,
                )
            if answer.status_code >= 300:
                sys.exit(f"{asked['name']}: {answer.status_code} {answer.content[:300]!r}")
        found[asked["name"]] = waits[0]
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
