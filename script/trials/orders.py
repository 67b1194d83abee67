"""script/faults orders: the 6,471 permanent orders of a real bank as one batch, through a sandbox that misbehaves.

Each order is a row, paid by the wallet of its account, which has exactly what its orders need, to a domestic account. Five
of a hundred requests, outcomes and messages go wrong, in every way that there is, and a worker is killed twice on the way. In
the end each row is held against what truly happened at the sandbox: none paid twice, none left out. The sheet, as CSV and PDF,
says the same row by row.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from script.bootstrap.checkout import ROOT
from script.trials.payments.sandbox import SandboxControl
from script.trials.payments.stage import Stage, commands, staged
from script.trials.payments.trouble import CHAOS
from script.trials.transfers import await_web, fresh_database, until_nothing_moves

ORDERS = ROOT.parent / "shared" / "data" / "berka" / "order.asc"
SHARE = Decimal("0.05")
"""What goes wrong of the requests, of the outcomes, and of the messages, each by itself."""
FUNDS = "100000000"
AT_ONCE = 500
PATIENCE_SECONDS = 1_800


def main() -> int:
    """Run the batch, count, write the sheet."""
    options = _options()
    if not options.orders.exists():
        print(f"There are no orders at {options.orders}.", file=sys.stderr)
        return 2
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
        prog="script/faults orders", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=Path, default=ORDERS, help="order.asc of the Berka data")
    parser.add_argument("--most", type=int, default=None, help="only so many orders")
    parser.add_argument("--out", type=Path, default=None, help="where the sheet is written")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser.parse_args()


def _trial(stage: Stage, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    orders = list(_orders(options.orders))[: options.most]
    stage.start(commands(stage, folder))
    control = SandboxControl(f"http://127.0.0.1:{stage.sandbox_port}")
    control.wait()
    control.give_up_after(6)
    control.fund("bank", "CZK", FUNDS)
    import django

    django.setup()
    batch, key = _drafted(orders, f"http://127.0.0.1:{stage.sandbox_port}")
    await_web(stage)
    control.chaos(options.seed, {name: _spread(parts) for name, parts in CHAOS.items()})
    begun = time.monotonic()
    _submit(batch, key)
    killed = _kill_two_workers(stage, batch, len(orders))
    _until_calm(control, batch)
    took = time.monotonic() - begun
    return _audited(control, batch, orders, options) | {"killed": killed, "seconds": round(took, 1)}


def _orders(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file, delimiter=";")


def _spread(parts: dict[str, str]) -> dict[str, str]:
    """The same faults, which strike together in a twentieth of all."""
    return dict.fromkeys(parts, str((SHARE / len(parts)).quantize(Decimal("0.0001"))))


def _drafted(orders: list[dict[str, str]], sandbox: str) -> tuple[str, str]:
    """The tenant, a wallet for each account with what its orders need, the batch, and a key to submit it with."""
    from apps.operations.models import ApprovalPolicy

    ApprovalPolicy.objects.update(status="retired")
    tenant = _done("accounts.create_tenant", name="Orders", slug="orders", base_currency="CZK")["tenant"]
    _done(
        "providers.set_provider",
        name="sandbox-bank",
        title="bank",
        base_url=sandbox,
        secret="sandbox",
        webhook_secret="trial",
        options={"desk": "bank", "answer_seconds": 2},
        kinds=["payout"],
        expected_seconds=2,
    )
    _done("ledger.open_account", book="orders", address="bank:main", currency="CZK")
    wallets = _funded(tenant, orders)
    key = _done(
        "accounts.create_api_key",
        tenant=tenant,
        name="orders",
        scopes=["transfers:write", "recipients:write"],
    )["api_key"]
    batch = str(_done("payouts.create_batch", tenant=tenant, name="Permanent orders")["batch"])
    for some in batched_rows(orders, wallets):
        _done("payouts.add_rows", batch=batch, rows=some)
    return batch, str(key)


def _funded(tenant: str, orders: list[dict[str, str]]) -> dict[str, str]:
    needs: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        needs[order["account_id"]] += Decimal(order["amount"])
    made = _all("accounts.create_wallet", [{"tenant": tenant, "currency": "CZK"} for _ in needs])
    wallets = dict(zip(needs, (str(each["wallet"]) for each in made), strict=True))
    pay_ins = [
        {
            "wallet": wallets[account],
            "amount": {"amount": str(need), "currency": "CZK"},
            "from_account": "bank:main",
        }
        for account, need in needs.items()
    ]
    _all("transfers.post_pay_in", pay_ins)
    return wallets


def batched_rows(orders: list[dict[str, str]], wallets: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    """The orders as rows, some at a time."""
    for start in range(0, len(orders), AT_ONCE):
        yield [_row(order, wallets[order["account_id"]]) for order in orders[start : start + AT_ONCE]]


def _row(order: dict[str, str], wallet: str) -> dict[str, Any]:
    return {
        "wallet": wallet,
        "name": f"Account {order['account_to']}",
        "country": "CZ",
        "details": {"account_number": order["account_to"], "bank_code": order["bank_to"]},
        "amount": {"amount": order["amount"], "currency": "CZK"},
        "reference": order["order_id"],
        "description": order["k_symbol"].strip(),
    }


def _submit(batch: str, key: str) -> None:
    from apps.accounts.people import find_actor
    from apps.core import ids
    from apps.operations.executor import execute
    from apps.operations.plan import Request

    asked = Request("payouts.submit_batch", {"batch": batch}, ids.new_id("k"), find_actor("api_key", key))
    execute(asked).or_raise()


def _kill_two_workers(stage: Stage, batch: str, many: int) -> list[str]:
    """One while rows are reserved, one while they are sent."""
    from apps.payouts.models import BatchRow
    from apps.transfers.models import Status, Transfer

    _until(
        lambda: BatchRow.objects.filter(batch__pk=batch, status="reserved").count() > many // 10, "reserved"
    )
    stage.kill("worker")
    done = Transfer.objects.filter(batch_id=batch, status=Status.COMPLETED)
    _until(lambda: done.count() > many // 3, "paid")
    stage.kill("transfers-1")
    return ["worker", "transfers-1"]


def _until_calm(control: SandboxControl, batch: str) -> None:
    from apps.payouts.models import Batch, BatchRow
    from apps.transfers.models import ENDED, Status, Transfer

    rows = BatchRow.objects.filter(batch__pk=batch, status="ready")
    open_ = Transfer.objects.filter(batch_id=batch).exclude(status__in=[*ENDED, Status.MANUAL_REVIEW])
    hangs = Transfer.objects.filter(batch_id=batch, status=Status.PROVIDER_PROCESSING)
    _until(lambda: not rows.exists() and open_.count() <= max(hangs.count(), 0), "sent")
    control.calm()
    control.execute_hanging()
    until_nothing_moves(control)
    _until(lambda: Batch.objects.filter(pk=batch, executed_at__isnull=False).exists(), "executed")


def _audited(
    control: SandboxControl, batch: str, orders: list[dict[str, str]], options: argparse.Namespace
) -> dict[str, Any]:
    from django.db import connection

    from apps.core import clock
    from apps.payouts.models import Batch, BatchSheet
    from apps.payouts.queries.sheet import WRONG, lines
    from apps.payouts.services import comparing

    connection.close()
    found = Batch.objects.get(pk=batch)
    comparing.compare(found, now=clock.now())
    comparing.write_sheets(found)
    executed = _executed(control)
    sheet = list(lines(found))
    problems = [problem for line in sheet for problem in _problems(line, executed)]
    missing = {order["order_id"] for order in orders} - {line.row.reference for line in sheet}
    problems += [f"Order {each} is in no row." for each in sorted(missing)]
    verdicts = Counter(str(line.verdict) for line in sheet)
    problems += [f"{verdicts[each]} rows are {each}." for each in map(str, WRONG) if verdicts[each]]
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        for each in BatchSheet.objects.filter(batch=found, compared_at=found.compared_at):
            (options.out / f"orders.{each.format}").write_bytes(bytes(each.content))
    statuses = Counter(line.transfer.status if line.transfer else line.row.status for line in sheet)
    return {
        "seed": options.seed,
        "rows": len(sheet),
        "batch": str(found.status),
        "problems": problems,
        "verdicts": dict(verdicts),
        "payouts": dict(statuses),
    }


def _executed(control: SandboxControl) -> dict[str, list[dict[str, Any]]]:
    """What truly happened, by transfer: every order that moved money, whether or not it came back."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for order in control.truth()["order"]:
        if order["status"] in {"completed", "returned"}:
            found[order["reference"].partition(".")[0]].append(order)
    return found


def _problems(line: Any, executed: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    """What of a row is not as it must be."""
    from apps.transfers.models import ENDED, Status

    what, transfer = f"Row {line.row.number}", line.transfer
    if transfer is None:
        yield f"{what} became no payout: {line.row.code} {line.row.message}"
        return
    truly = executed.get(transfer.pk, [])
    if len(truly) > 1:
        yield f"{what} was paid {len(truly)} times."
    if transfer.status == Status.COMPLETED and not truly:
        yield f"{what} is completed and was never paid."
    if transfer.status in {Status.COMPENSATED, Status.FAILED} and any(
        each["status"] == "completed" for each in truly
    ):
        yield f"{what} is {transfer.status} and was paid."
    if transfer.status not in {*ENDED, Status.MANUAL_REVIEW}:
        yield f"{what} is still {transfer.status}."


def _until(true: Any, what: str) -> None:
    from django.db import connection

    until = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > until:
            raise SystemExit(f"The batch was not {what} in time.")
        connection.close()
        time.sleep(0.5)


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
    return [outcome.or_raise().result for outcome in execute_many(requests)]


def _words(answer: dict[str, Any]) -> str:
    lines = [
        f"seed {answer['seed']}: {answer['rows']} orders, {len(answer['problems'])} problems, batch {answer['batch']}"
    ]
    lines += [f"  ! {problem}" for problem in answer["problems"][:50]]
    for title in ("verdicts", "payouts"):
        lines += [f"  {title}: " + ", ".join(f"{name} {count}" for name, count in answer[title].items())]
    return "\n".join([*lines, f"  killed: {', '.join(answer['killed'])}; {answer['seconds']} s"])


if __name__ == "__main__":
    sys.exit(main())
