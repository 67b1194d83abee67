"""script/faults webhooks: 10,000 events to a receiver that fails, while workers and connections are killed.

Of what comes the receiver refuses a part, by a seed, in every way that there is. Workers are killed with signal 9, and connections of
the database cut, at random. The ladder of minutes and hours is one of a fraction of a second. What failed for good is sent again by the
command. Then each event must have been accepted, each signature be good, each object's events first accepted in their order (those that had
failed for good apart), people have been told once of each endpoint whose messages failed, every attempt is what was sealed, and
listeners on forbidden addresses have seen nobody.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from script.trials.hooks.receiver import Receiver, listening
from script.trials.payments.stage import Stage, staged
from script.trials.transfers import fresh_database

HASTE = "600"
TENANTS, WALLETS = 4, 100
PATIENCE_SECONDS = 600


def main() -> int:
    """Make trouble, wait, count."""
    options = _options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["DATABASE_URL"] = fresh_database(os.environ["DATABASE_URL"])
    os.environ |= {"WEBHOOKS_HASTE": HASTE, "WEBHOOKS_LOOPBACK": "1"}
    with tempfile.TemporaryDirectory(prefix="trial-") as folder, staged(Path(folder), {}) as stage:
        answer = _trial(stage, options)
    print(json.dumps(answer) if options.json else _words(answer))
    return 1 if answer["problems"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/faults webhooks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.3, help="how much the receiver refuses (0.3)")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _trial(stage: Stage, options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    with listening(f"{options.seed}:receiver", options.share) as receiver, listening("", 0) as forbidden:
        endpoints = {tenant: _endpoint(tenant, receiver.url(tenant)) for tenant in _tenants()}
        trap = _trapped(forbidden.port)
        begun = time.monotonic()
        stage.start(
            {name: [sys.executable, "manage.py", "deliver_webhooks"] for name in ("hooks-1", "hooks-2")}
        )
        trouble = Trouble(options.seed, stage)
        trouble.start()
        _happen(options.seed, list(endpoints), options.events)
        _until(lambda: _all_numbered() and not _open())
        exhausted, failed = _exhausted(), set(_endpoints_with_failures())
        replays = _replayed(endpoints)
        trouble.goes_on = False
        trouble.join()
        _until(lambda: not _untold())
        took = time.monotonic() - begun
        problems = list(_problems(receiver, endpoints, exhausted, options.events))
        problems += [*_of_the_trap(forbidden, trap), *_of_the_alarms(failed), *_of_the_seals()]
        return {
            "problems": problems,
            "seed": options.seed,
            "seconds": round(took, 1),
            "requests": len(receiver.received),
            "refused": receiver.refused,
            "twice": _twice(receiver),
            "exhausted": len(exhausted),
            "replays": replays,
            "trouble": dict(trouble.made),
        }


class Trouble(threading.Thread):
    """A worker killed or connections cut every second or three, until it is told to stop."""

    def __init__(self, seed: int, stage: Stage) -> None:
        super().__init__(daemon=True)
        self._random, self._stage = random.Random(f"{seed}:trouble"), stage
        self.made: Counter[str] = Counter()
        self.goes_on = True

    def run(self) -> None:
        """Make trouble."""
        while self.goes_on:
            time.sleep(1 + 2 * self._random.random())
            if self._random.random() < 0.6:
                self._stage.kill(self._random.choice(["hooks-1", "hooks-2"]))
                self.made["kill_worker"] += 1
            else:
                _cut_connections()
                self.made["cut_connections"] += 1


def _cut_connections() -> None:
    """Those of the workers; ours, by which events are made, go on."""
    with suppress(psycopg.Error), psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database() AND random() < 0.5"
        )


def _tenants() -> list[str]:
    made = [
        _done("accounts.create_tenant", name=f"Hooks {n}", slug=f"hooks-{n}", base_currency="EUR")
        for n in range(TENANTS)
    ]
    tenants = [str(each["test_tenant"]) for each in made]
    for tenant in tenants:
        wallets = _all("accounts.create_wallet", [{"tenant": tenant, "currency": "EUR"}] * WALLETS)
        _wallets[tenant] = [str(each["wallet"]) for each in wallets]
    _live.append(str(made[0]["tenant"]))
    return tenants


_wallets: dict[str, list[str]] = {}
_live: list[str] = []


def _endpoint(tenant: str, url: str) -> dict[str, Any]:
    return dict(_done("webhooks.create_endpoint", tenant=tenant, url=url, types=["wallet.updated"]))


def _trapped(port: int) -> list[str]:
    """Endpoints of a live tenant whose addresses have become forbidden, as a name's may after it was given."""
    from apps.webhooks.models import Endpoint

    hosts = ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0")
    made = []
    for host in hosts:
        told = _done("webhooks.create_endpoint", tenant=_live[0], url="https://hooks.example.com/")
        Endpoint.objects.filter(pk=told["endpoint"]).update(url=f"http://{host}:{port}/")
        made.append(str(told["endpoint"]))
    _done("accounts.create_wallet", tenant=_live[0], currency="EUR")
    return made


def _happen(seed: int, tenants: list[str], events: int) -> None:
    """So many changes of wallets, of all tenants, over and over."""
    chosen = random.Random(f"{seed}:events")
    for start in range(0, events, 250):
        part = [
            {"wallet": chosen.choice(_wallets[chosen.choice(tenants)]), "name": f"change {start + n}"}
            for n in range(min(250, events - start))
        ]
        _all("accounts.update_wallet", part)
        time.sleep(0.5)


def _replayed(endpoints: dict[str, dict[str, Any]]) -> int:
    """Have what failed for good sent again, as often as it takes."""
    replays = 0
    while failed := _endpoints_with_failures():
        for endpoint in failed:
            _done("webhooks.replay_range", endpoint=endpoint, after=0, what="failed", reason="it failed")
            replays += 1
        _until(lambda: not _open())
    return replays


def _endpoints_with_failures() -> list[str]:
    from apps.webhooks.models import Delivery

    failed = Delivery.objects.filter(status="failed", endpoint__types=["wallet.updated"])
    return [str(each) for each in failed.values_list("endpoint_id", flat=True).distinct()]


def _exhausted() -> set[str]:
    from apps.webhooks.models import Delivery

    return {str(each) for each in Delivery.objects.filter(status="failed").values_list("event_id", flat=True)}


def _open() -> bool:
    from apps.webhooks.models import Delivery, Line, Replay

    ours = {"endpoint__types": ["wallet.updated"]}
    if Delivery.objects.filter(status__in=["queued", "pending"], **ours).exists():
        return True
    if Replay.objects.filter(ended_at=None).exists():
        return True
    return any(
        line.matched_through < _head(line.book_id)
        for line in Line.objects.filter(endpoint__types=["wallet.updated"])
    )


def _head(book: int) -> int:
    from apps.webhooks.queries.feed import head_of

    return head_of(book)


def _all_numbered() -> bool:
    from apps.operations import sequencer

    sequencer.sequence()
    return not any(lag.waiting for lag in sequencer.lag())


def _problems(
    receiver: Receiver, endpoints: dict[str, dict[str, Any]], exhausted: set[str], events: int
) -> Iterator[str]:
    """What is not as it must be."""
    from apps.operations.models import EventPosition
    from apps.webhooks.models import Delivery, Endpoint, SigningKey

    wanted = 0
    for tenant, made in endpoints.items():
        book = Endpoint.objects.get(pk=made["endpoint"]).book_id
        keys = [each.public for each in SigningKey.objects.filter(book_id=book)]
        yield from receiver.forged(tenant, made["secret"], keys)
        places = EventPosition.objects.filter(
            book_id=book, event__type="wallet.updated", position__gt=WALLETS
        )
        told = list(places.order_by("position").values_list("event_id", "event__subject", "object_sequence"))
        wanted += len(told)
        accepted = receiver.accepted(tenant)
        yield from (
            f"{event} was never accepted at {tenant}" for event, _, _ in told if event not in accepted
        )
        unknown = accepted.keys() - {event for event, _, _ in told}
        yield from (f"{event} is not {tenant}'s, and was sent to it" for event in unknown)
        yield from _out_of_order(told, accepted, exhausted)
    if wanted != events:
        yield f"{events} events were made, and {wanted} are in the feeds"
    undelivered = (
        Delivery.objects.exclude(status="delivered").filter(endpoint__types=["wallet.updated"]).count()
    )
    if undelivered:
        yield f"{undelivered} deliveries are not delivered in our tables"


def _out_of_order(
    told: list[tuple[Any, ...]], accepted: dict[str, float], exhausted: set[str]
) -> Iterator[str]:
    last: dict[str, tuple[float, str]] = {}
    for event, subject, _ in told:
        if event in exhausted or event not in accepted:
            continue
        before = last.get(subject)
        if before and accepted[event] < before[0]:
            yield f"{event} of {subject} was accepted before {before[1]}"
        last[subject] = (accepted[event], event)


def _of_the_trap(forbidden: Receiver, trap: list[str]) -> list[str]:
    from apps.webhooks.models import Attempt

    found = [f"{forbidden.connections} connections to a forbidden address"] if forbidden.connections else []
    for endpoint in trap:
        failures = set(Attempt.objects.filter(endpoint_id=endpoint).values_list("failure", flat=True))
        if not failures or not failures <= {"forbidden", "unresolved", "broken"}:
            found.append(f"attempts at {endpoint} ended as {sorted(failures)}")
    return found


def _untold() -> bool:
    """Whether people are yet to hear of an endpoint."""
    from apps.webhooks.models import Line

    return Line.objects.filter(troubled_at__isnull=False).exists()


def _of_the_alarms(failed: set[str]) -> list[str]:
    """People are told once an hour of an endpoint, whoever was killed before telling it; a trial takes less."""
    from apps.operations.models import Event

    told = Event.objects.filter(type="alert.raised", data__reason="webhooks failed")
    alarms = Counter(told.values_list("subject", flat=True))
    return [
        f"{alarms[endpoint]} alarms of {endpoint}"
        for endpoint in failed | set(alarms)
        if alarms[endpoint] != 1
    ]


def _of_the_seals() -> list[str]:
    from apps.operations import sequencer
    from apps.webhooks.verify import verify

    sequencer.sequence()
    return [str(fault) for fault in verify().broken]


def _twice(receiver: Receiver) -> int:
    accepted = Counter((each.tenant, each.id) for each in receiver.received if each.accepted)
    return sum(1 for count in accepted.values() if count > 1)


def _until(condition: Any) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not _tried(condition):
        if time.monotonic() > until:
            raise SystemExit("It does not come to rest.")
        time.sleep(0.3)


def _tried(function: Any) -> Any:
    """What it answers, once the connection was not cut in the midst of it."""
    from django.db import connection
    from django.db.utils import InterfaceError, OperationalError

    while True:
        try:
            return function()
        except (OperationalError, InterfaceError, psycopg.OperationalError):
            connection.close()
            time.sleep(0.1)


def _done(command: str, **data: Any) -> Any:
    return _all(command, [data])[0]


def _all(command: str, inputs: list[dict[str, Any]]) -> list[Any]:
    from apps.core import ids
    from apps.core.actor import Actor
    from apps.operations import registry
    from apps.operations.executor import execute_many
    from apps.operations.plan import Request

    everyone = Actor.system("trial", {each.permission for each in registry.all_commands()})
    requests = [Request(command, data, ids.new_id("k"), everyone, origin="trial") for data in inputs]
    return [outcome.or_raise().result for outcome in _tried(lambda: execute_many(requests))]


def _words(answer: dict[str, Any]) -> str:
    problems = answer["problems"]
    lines = [f"seed {answer['seed']}: {len(problems)} problems in {answer['seconds']} s"]
    lines += [f"  {problem}" for problem in problems[:50]]
    lines += [
        f"  {name}: {answer[name]}"
        for name in ("requests", "refused", "twice", "exhausted", "replays", "trouble")
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
