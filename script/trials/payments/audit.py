"""Afterwards: every cent of ours against the sandbox's own books, and every transfer against what truly happened."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db import connection

from apps.core.money import Money
from apps.ledger.models import Balance, Hold
from apps.providers.models import Attempt
from apps.transfers.models import ENDED, Kind, Status, Transfer
from apps.transfers.queries.escrow import address_of, left_in
from script.trials.payments.audit_outside import Facts, Moved, strange, unbooked

EXECUTED = {"completed", "returned"}


def problems(
    truth: Facts,
    promised: Iterable[Mapping[str, Any]],
    holds: Iterable[str],
    funded: Mapping[tuple[str, str], Decimal],
) -> list[str]:
    """Everything that is not as it must be, in words."""
    transfers = {str(each.pk): each for each in Transfer.objects.all()}
    orders = _orders(truth)
    return [
        *_unbalanced(),
        *_lost(promised, transfers),
        *_unfinished(transfers.values()),
        *(wrong for each in transfers.values() for wrong in _untrue(each, orders.get(str(each.pk), []))),
        *_unowned(holds),
        *_not_in_escrow(transfers.values()),
        *strange(truth, transfers, orders),
        *_disagreeing(truth, transfers, orders, funded),
    ]


def _orders(truth: Facts) -> dict[str, list[dict[str, Any]]]:
    """The sandbox's orders by our transfer."""
    subjects = dict(Attempt.objects.filter(action="submit").values_list("reference", "subject"))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for order in truth["order"]:
        found[subjects.get(order["reference"], "of nobody")].append(order)
    return found


def _unbalanced() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.book_id, a.currency, sum(b.balance) FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id"
            " GROUP BY 1, 2 HAVING sum(b.balance) <> 0"
        )
        yield from (
            f"Book {book} does not sum to zero in {code}: {left}." for book, code, left in cursor.fetchall()
        )


def _lost(promised: Iterable[Mapping[str, Any]], transfers: Mapping[str, Transfer]) -> Iterator[str]:
    seen: set[str] = set()
    for each in promised:
        if each["id"] not in transfers:
            yield f"{each['id']} was promised to a caller and is not there."
        if each["path"].endswith(("/cancel", "/confirm")):
            continue
        if each["id"] in seen:
            yield f"{each['id']} was promised under two keys."
        seen.add(each["id"])


def _unfinished(transfers: Iterable[Transfer]) -> Iterator[str]:
    for each in transfers:
        if each.status == Status.MANUAL_REVIEW:
            if not each.failure_code:
                yield f"{each.pk} is in manual review and does not say why."
        elif each.status not in ENDED:
            yield f"{each.pk} is {each.status}, next at {each.next_attempt_at}: {each.failure_code}."


def _untrue(transfer: Transfer, orders: list[dict[str, Any]]) -> Iterator[str]:
    executed = [order for order in orders if order["status"] in EXECUTED]
    if len(executed) > 1:
        yield f"{transfer.pk} was executed {len(executed)} times."
    if transfer.status == Status.COMPLETED and transfer.attempt_id:
        if not executed:
            yield f"{transfer.pk} is completed and was not executed."
        elif (
            Money.parse(executed[0]["settled_amount"] or executed[0]["amount"], transfer.currency).minor
            != transfer.settled
        ):
            yield f"{transfer.pk} was settled for {transfer.settled}, executed for {executed[0]['settled_amount']}."
    gone = [order for order in executed if order["returned_amount"] != order["settled_amount"]]
    if transfer.status in {Status.COMPENSATED, Status.CANCELLED, Status.EXPIRED, Status.FAILED} and gone:
        yield f"{transfer.pk} is {transfer.status} and was executed."


def _unowned(asked: Iterable[str]) -> Iterator[str]:
    """Every hold is a transfer's that is under way, or one that a caller asked for by itself."""
    held = Transfer.objects.filter(hold_id__isnull=False)
    owned = {*held.exclude(status__in=[*ENDED]).values_list("hold_id", flat=True), *asked}
    for hold in Hold.objects.filter(remaining__gt=0):
        if hold.pk not in owned:
            yield f"{hold.pk} holds {hold.remaining} for nothing that is under way."


def _not_in_escrow(transfers: Iterable[Transfer]) -> Iterator[str]:
    """Each escrow has its account, with what was put there and not released, and no account is without an escrow."""
    left = {address_of(each): left_in(each).minor for each in transfers if each.kind == Kind.ESCROW_HOLD}
    stands = Balance.objects.filter(account__address__startswith="escrow:")
    has = {address: int(raw) for address, raw in stands.values_list("account__address", "balance")}
    for address in left.keys() | has.keys():
        if left.get(address) != has.get(address):
            yield f"{address} has {has.get(address)}, its transfers say {left.get(address)}."


def _disagreeing(
    truth: Facts,
    transfers: Mapping[str, Transfer],
    orders: Mapping[str, list[dict[str, Any]]],
    funded: Mapping[tuple[str, str], Decimal],
) -> Iterator[str]:
    """Their balance is what we put there and what our books say, but for what a person still looks at or nobody told."""
    parts: list[Mapping[tuple[str, str], Decimal]] = [
        funded,
        _ours(),
        _in_review(transfers, orders),
        unbooked(truth, transfers, orders),
    ]
    for desk in truth["balances"]:
        for code, balance in desk["balances"].items():
            has = Decimal(balance) + Decimal(desk["strategies"].get(code, 0))
            expected = sum((part.get((desk["desk"], code), Decimal(0)) for part in parts), Decimal(0))
            if has != expected:
                yield f"{desk['desk']} has {has} {code} of ours, our books say {expected}."


def _ours() -> dict[tuple[str, str], Decimal]:
    """What our books say each desk has of ours, by desk and currency."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(a.address FROM '^(?:provider|custody):sandbox-([a-z]+)'), a.currency, sum(b.balance * b.side)"
            " FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id"
            " WHERE a.address ~ '^(provider|custody):sandbox-' GROUP BY 1, 2"
        )
        return {
            (desk, code): Decimal(Money(int(units), code).decimal) for desk, code, units in cursor.fetchall()
        }


def _in_review(transfers: Mapping[str, Transfer], orders: Mapping[str, list[dict[str, Any]]]) -> Moved:
    """What the desks did for transfers that are in manual review, which our books do not say yet. What is put to work
    stays with its desk."""
    moved: Moved = defaultdict(Decimal)
    for pk, transfer in transfers.items():
        if transfer.status != Status.MANUAL_REVIEW:
            continue
        for order in orders.get(pk, []):
            if order["status"] in EXECUTED and not order["kind"].startswith("strategy"):
                kept = Decimal(order["settled_amount"] or order["amount"]) - Decimal(
                    order["returned_amount"] or 0
                )
                moved[order["desk"], order["currency"]] -= kept
                if order["receive_currency"]:
                    moved[order["desk"], order["receive_currency"]] += Decimal(order["receive_amount"] or 0)
    return moved
