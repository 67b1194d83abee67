"""script/faults transfers: random clients, every fault of the providers, and processes that are killed.

For some minutes clients pay out, transfer, buy, sell, bridge and put to work coins, refund, hold, put in escrow and release,
confirm and cancel through the real API and are charged fees, and deposits, returned payments and chargebacks come by
themselves. Meanwhile the sandbox misbehaves by a seed, and workers, web, database connections, PostgreSQL and Redis are
killed, cut, restarted and emptied. Then all is left in peace until nothing moves any more, and every cent of our books is
held against the sandbox's own. The ladder of minutes and hours is one of seconds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg

from script.trials.payments.callers import Caller, Heard, World
from script.trials.payments.outside import Outside
from script.trials.payments.sandbox import SandboxControl
from script.trials.payments.stage import Stage, commands, free_port, staged
from script.trials.payments.trouble import CHAOS, Trouble

CALLERS = 8
PEACE_SECONDS = 180
TRIES = 6
"""How often the sandbox sends what we do not take: within 16 seconds, in which every killed process is back."""
FUNDED = {
    ("bank", "EUR"): "1000000",
    ("bank", "USD"): "1000000",
    ("ramp", "EUR"): "1000000",
    ("ramp", "USDC"): "1000000",
    ("exchange", "EUR"): "1000000",
    ("exchange", "BTC"): "1000",
    ("exchange", "USDC"): "1000000",
    ("custody", "USDC"): "1000000",
}


def main() -> int:
    """Make trouble, wait, count."""
    options = _options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["DATABASE_URL"] = fresh_database(os.environ["DATABASE_URL"])
    with (
        tempfile.TemporaryDirectory(prefix="trial-") as folder,
        staged(Path(folder), {"EXPORT_DIR": folder}) as stage,
    ):
        answer = _trial(stage, Path(folder), options)
    print(json.dumps(answer) if options.json else _words(answer))
    return 1 if answer["problems"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/faults transfers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def fresh_database(url: str) -> str:
    """A database of this trial's own, set up."""
    name = f"trial_{free_port()}_{int(time.time())}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    made = f"{url.rpartition('/')[0]}/{name}"
    environment = {**os.environ, "DATABASE_URL": made, "DATABASE_ROLE": ""}
    for command in (["migrate", "--verbosity", "0"], ["setup", "--no-demo"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], env=environment, check=True, stdout=subprocess.DEVNULL
        )
    return made


def _trial(stage: Stage, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    stage.start(commands(stage, folder))
    control = SandboxControl(f"http://127.0.0.1:{stage.sandbox_port}")
    control.wait()
    control.give_up_after(TRIES)
    for (desk, currency), amount in FUNDED.items():
        control.fund(desk, currency, amount)
    world = _world(stage)
    await_web(stage)
    numbers = _numbers(len(world.wallets["EUR"]))
    heard = Heard()
    control.chaos(options.seed, CHAOS)
    callers = [Caller(number, options.seed, stage.url, world, heard) for number in range(CALLERS)]
    outside = Outside(options.seed, control, numbers)
    trouble = Trouble(options.seed, stage, control, os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    threads: list[Caller | Outside | Trouble] = [*callers, outside, trouble]
    for thread in threads:
        thread.start()
    time.sleep(options.minutes * 60)
    for thread in threads:
        thread.goes_on = False
    for thread in threads:
        thread.join(90)
    control.calm()
    control.execute_hanging()
    waited = until_nothing_moves(control)
    return _audited(control, heard, options.seed, trouble.made + outside.made, waited)


def _world(stage: Stage) -> World:
    import django

    django.setup()
    from script.trials.payments.world import world

    return world(f"http://127.0.0.1:{stage.sandbox_port}")


def await_web(stage: Stage) -> None:
    """Until it answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(f"{stage.url}/livez", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit("The web server did not start.")


def _numbers(many: int) -> list[str]:
    """The numbers of the wallets, once a worker has asked the bank for all of them."""
    from apps.transfers.arrivals import VirtualAccount

    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [*VirtualAccount.objects.exclude(number="").values_list("number", flat=True)]
        if len(found) == many:
            return found
        time.sleep(0.2)
    raise SystemExit("The bank did not give every wallet its number.")


def until_nothing_moves(control: SandboxControl) -> float:
    """Seconds until all has ended, is with a person and was told and followed, or the patience is at an end."""
    from django.db import connection

    begun = time.monotonic()
    while time.monotonic() - begun < PEACE_SECONDS:
        settled = control.settle()
        connection.close()
        if settled and not _moves():
            break
        time.sleep(1)
    return time.monotonic() - begun


def _moves() -> bool:
    from apps.providers.models import InboundMessage, MessageStatus
    from apps.transfers.models import ENDED, Status, Transfer

    under_way = Transfer.objects.exclude(status__in=[*ENDED, Status.MANUAL_REVIEW])
    unread = InboundMessage.objects.filter(status=MessageStatus.RECEIVED)
    return under_way.exists() or unread.exists()


def _audited(
    control: SandboxControl, heard: Heard, seed: int, made: Counter[str], waited: float
) -> dict[str, Any]:
    from django.db import connection

    from apps.transfers.models import Transfer
    from script.trials.payments.audit import problems

    connection.close()
    funded = {name: Decimal(amount) for name, amount in FUNDED.items()}
    statuses = Counter(f"{kind} {status}" for kind, status in Transfer.objects.values_list("kind", "status"))
    return {
        "seed": seed,
        "problems": [
            *problems(control.truth(), heard.transfers.values(), heard.holds, funded),
            *_silence(heard),
        ],
        "transfers": dict(sorted(statuses.items())),
        "answers": dict(sorted(heard.answers.items())),
        "trouble": dict(made),
        "waited_seconds": round(waited, 1),
    }


def _silence(heard: Heard) -> list[str]:
    return [f"Nobody answered {each}." for each in heard.unanswered]


def _words(answer: dict[str, Any]) -> str:
    lines = [f"seed {answer['seed']}: {len(answer['problems'])} problems"]
    lines += [f"  ! {problem}" for problem in answer["problems"][:50]]
    for title in ("transfers", "answers", "trouble"):
        lines += [f"  {title}: " + ", ".join(f"{name} {count}" for name, count in answer[title].items())]
    return "\n".join([*lines, f"  at rest after {answer['waited_seconds']} s"])


if __name__ == "__main__":
    sys.exit(main())
