"""Money in escrow: put there, released to who is entitled to it, given back, and never more than there is."""

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.core import ids
from apps.ledger import reports
from apps.ledger.models import Account
from apps.operations.executor import execute_many
from apps.operations.models import Event, Operation
from apps.operations.run import Outcome
from apps.transfers.models import Transfer
from tests.ledger.bookkeeping import number_everything
from tests.support.arrivals import arrived, bank_of, charged_back
from tests.support.door import balance, code, done, eur, refused, request, run
from tests.support.payouts import status
from tests.support.policies import policy
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, has, key_of, world
from tests.support.threads import at_once, somebody_else, under_way, wait_until_blocked

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def acme(ledger_db: Any) -> World:
    return world("acme")


@pytest.fixture
def bloom(ledger_db: Any) -> World:
    return world("bloom")


def available(wallet: str) -> str:
    return has(wallet).available.decimal


def put(acme: World, wallet: str, amount: str, **more: Any) -> str:
    """An escrow of a wallet's money."""
    given = {"wallet": wallet, "amount": eur(amount), **more}
    return str(done("transfers.hold_in_escrow", actor=acme.key, **given)["transfer"])


def release(acme: World, escrow: str, to: str, amount: str | None = None) -> str:
    """Give something of it to a wallet."""
    part = {"amount": eur(amount)} if amount else {}
    made = done("transfers.release_escrow", actor=acme.key, escrow=escrow, to_wallet=to, **part)
    return str(made["transfer"])


def inside(escrow: str) -> str:
    """What is in it, as the books have it."""
    return balance(f"escrow:{escrow}", book="acme")


def reverse(transfer: str) -> None:
    done("transfers.reverse_transfer", transfer=transfer, reason="by mistake")


def cannot_reverse(transfer: str) -> str:
    return refused("transfers.reverse_transfer", transfer=transfer, reason="by mistake")


def transactions(outcomes: list[Outcome]) -> list[int]:
    """In which transaction each was written, counted from the first."""
    written = "SELECT xmin::text FROM operations_operation WHERE id = %s"
    with connection.cursor() as cursor:
        found = [
            cursor.execute(written, [ids.decode("op", str(each.operation_id))]).fetchone()
            for each in outcomes
        ]
    places = {xid: place for place, xid in enumerate(dict.fromkeys(found), start=1)}
    return [places[xid] for xid in found]


class TestHolding:
    def test_takes_money_out_of_the_wallet_at_once(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        given = {"wallet": wallet, "amount": eur("60.00"), "reference": "order 7", "description": "A boat"}
        made = done("transfers.hold_in_escrow", actor=acme.key, **given)
        escrow = made["transfer"]
        assert made == {
            "transfer": escrow,
            "kind": "escrow_hold",
            "type": "ESCROW_HOLD",
            "status": "completed",
            "amount": eur("60.00"),
            "reference": "order 7",
            "escrow": escrow,
            "left": eur("60.00"),
            "entry": made["entry"],
            "balances": {wallet: eur("40.00")},
        }
        inside_wallet = has(wallet)
        assert (inside_wallet.available.decimal, inside_wallet.held.decimal) == ("40.00", "0.00")
        account = Account.objects.get(address=f"escrow:{escrow}")
        assert (account.gl_code, account.floor, account.book_id) == ("2220", 0, acme.book.pk)
        [told] = Event.objects.filter(subject=escrow)
        assert (told.type, told.book_id) == ("transfer.completed", acme.book.pk)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"amount": eur("100.01")}, "INSUFFICIENT_BALANCE"),
            ({"amount": {"amount": "1.00", "currency": "USD"}}, "CURRENCY_MISMATCH"),
            ({"amount": eur("0.00")}, "INPUT_INVALID"),
            ({"wallet": "wal_01m7z75h000000000000000000"}, "WALLET_NOT_FOUND"),
        ],
    )
    def test_is_refused_and_leaves_nothing(self, acme: World, change: dict[str, Any], expected: str) -> None:
        given = {"wallet": acme.funded("100.00"), "amount": eur("1.00")}
        assert refused("transfers.hold_in_escrow", actor=acme.key, **given | change) == expected
        assert not Transfer.objects.filter(kind="escrow_hold").exists()
        assert not Account.objects.filter(address__startswith="escrow:").exists()

    def test_is_refused_of_money_that_is_held(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        done("transfers.place_hold", actor=acme.key, wallet=wallet, amount=eur("70.00"), reason="order")
        given = {"wallet": wallet, "amount": eur("30.01")}
        assert refused("transfers.hold_in_escrow", actor=acme.key, **given) == "INSUFFICIENT_BALANCE"

    def test_of_anothers_money_is_not_known(self, acme: World, bloom: World) -> None:
        given = {"wallet": bloom.funded("100.00"), "amount": eur("1.00")}
        assert refused("transfers.hold_in_escrow", actor=acme.key, **given) == "WALLET_NOT_FOUND"

    def test_many_in_one_batch_are_decided_in_their_order(self, acme: World) -> None:
        """Each is posted by itself, and what stands beside them neither overtakes nor loses by it."""
        wallet, other = acme.funded("100.00"), acme.wallet()
        pay = {"from_wallet": wallet, "to_wallet": other}
        wishes = [
            ("transfers.hold_in_escrow", {"wallet": wallet, "amount": eur("60.00")}),
            ("transfers.create_transfer", {**pay, "amount": eur("50.00")}),
            ("transfers.hold_in_escrow", {"wallet": wallet, "amount": eur("40.01")}),
            ("transfers.create_transfer", {**pay, "amount": eur("15.00")}),
            ("transfers.hold_in_escrow", {"wallet": wallet, "amount": eur("25.00")}),
        ]
        outcomes = execute_many([request(name, actor=acme.key, **given) for name, given in wishes])
        short = "INSUFFICIENT_BALANCE"
        assert [code(each) for each in outcomes] == [None, short, short, None, None]
        assert (available(wallet), available(other)) == ("0.00", "15.00")
        assert Account.objects.filter(address__startswith="escrow:").count() == 2
        assert [each.status for each in Operation.objects.order_by("-pk")[:5]][::-1] == [
            each.status for each in outcomes
        ]
        assert transactions(outcomes) == [1, 2, 3, 4, 5]

    def test_the_same_key_holds_once(self, acme: World) -> None:
        given = {"wallet": acme.funded("100.00"), "amount": eur("10.00"), "actor": acme.key}
        first = done("transfers.hold_in_escrow", key="k", **given)
        assert done("transfers.hold_in_escrow", key="k", **given) == first
        assert available(given["wallet"]) == "90.00"

    def test_a_refusal_sticks_to_its_key(self, acme: World) -> None:
        given = {"wallet": acme.funded("1.00"), "amount": eur("10.00"), "actor": acme.key}
        assert refused("transfers.hold_in_escrow", key="k", **given) == "INSUFFICIENT_BALANCE"
        assert Operation.objects.get(key="k").holds_key


class TestReleasing:
    def test_gives_parts_and_then_the_rest(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        first = done(
            "transfers.release_escrow",
            actor=acme.key,
            escrow=escrow,
            to_wallet=payee,
            amount=eur("25.00"),
            reference="milestone 1",
        )
        assert (first["type"], first["status"], first["escrow"]) == ("ESCROW_RELEASE", "completed", escrow)
        assert (first["left"], first["balances"]) == (eur("35.00"), {payee: eur("25.00")})
        row = Transfer.objects.get(pk=first["transfer"])
        assert (row.escrow_id, row.source_wallet_id, row.destination_wallet_id) == (escrow, None, payee)
        release(acme, escrow, payer, "5.00")
        rest = done("transfers.release_escrow", actor=acme.key, escrow=escrow, to_wallet=payee)
        assert (rest["amount"], rest["left"]) == (eur("30.00"), eur("0.00"))
        assert (available(payer), available(payee), inside(escrow)) == ("45.00", "55.00", "0.00")
        assert status(escrow) == "completed"

    def test_is_never_more_than_is_in_it(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow, other = put(acme, payer, "60.00"), put(acme, payer, "40.00")
        release(acme, escrow, payee, "60.00")
        given = {"actor": acme.key, "escrow": escrow, "to_wallet": payee}
        outcome = run("transfers.release_escrow", amount=eur("0.01"), **given)
        assert (code(outcome), outcome.error and outcome.error.field) == ("RELEASE_TOO_LARGE", "/amount")
        assert "Of 60.00 EUR there is 0.00 EUR left in escrow" in str(outcome.error)
        assert refused("transfers.release_escrow", **given) == "RELEASE_TOO_LARGE"
        too_much = {**given, "escrow": other, "amount": eur("40.01")}
        assert refused("transfers.release_escrow", **too_much) == "RELEASE_TOO_LARGE"
        assert inside(other) == "40.00"

    def test_the_database_keeps_the_floor_whatever_the_service_thinks(self, acme: World) -> None:
        """Finance took something out: the transfers still say that it is there, the account does not."""
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        what = {"book": "acme", "account": f"escrow:{escrow}", "amount": eur("5.00"), "reason": "court"}
        done("ledger.post_correction", **what, direction="debit", related_type="ticket", related_id="T-1")
        given = {"actor": acme.key, "escrow": escrow, "to_wallet": payee}
        assert refused("transfers.release_escrow", **given) == "INSUFFICIENT_BALANCE"
        release(acme, escrow, payee, "55.00")
        assert inside(escrow) == "0.00"

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"amount": {"amount": "1.00", "currency": "USD"}}, "CURRENCY_MISMATCH"),
            ({"amount": eur("0.00")}, "INPUT_INVALID"),
            ({"to_wallet": "wal_01m7z75h000000000000000000"}, "WALLET_NOT_FOUND"),
            ({"escrow": "trf_01m7z75h000000000000000000"}, "NOT_FOUND"),
        ],
    )
    def test_is_refused(self, acme: World, change: dict[str, Any], expected: str) -> None:
        escrow = put(acme, acme.funded("100.00"), "60.00")
        given = {"escrow": escrow, "to_wallet": acme.wallet()}
        assert refused("transfers.release_escrow", actor=acme.key, **given | change) == expected

    def test_is_of_escrows_alone_and_in_their_currency(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        pay_in = Transfer.objects.get(kind="pay_in").pk
        given = {"actor": acme.key, "to_wallet": wallet}
        assert refused("transfers.release_escrow", escrow=pay_in, **given) == "NOT_IN_ESCROW"
        escrow = put(acme, wallet, "60.00")
        given["to_wallet"] = acme.wallet("USD")
        assert refused("transfers.release_escrow", escrow=escrow, **given) == "CURRENCY_MISMATCH"

    def test_stays_with_the_tenant(self, acme: World, bloom: World) -> None:
        escrow, theirs = put(acme, acme.funded("100.00"), "60.00"), bloom.wallet()
        given = {"escrow": escrow, "to_wallet": theirs}
        assert refused("transfers.release_escrow", actor=acme.key, **given) == "WALLET_NOT_FOUND"
        assert refused("transfers.release_escrow", **given) == "OTHER_TENANT"
        assert refused("transfers.release_escrow", actor=bloom.key, **given) == "NOT_FOUND"

    def test_needs_its_own_scope(self, acme: World) -> None:
        reader = key_of(acme.book.pk, "transfers:read")
        given = {"wallet": acme.funded("9.00"), "amount": eur("1.00")}
        assert refused("transfers.hold_in_escrow", actor=reader, **given) == "AUTHORIZATION_FAILED"

    def test_of_two_at_once_one_wins(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        give = [
            partial(run, "transfers.release_escrow", actor=acme.key, escrow=escrow, to_wallet=to)
            for to in (payer, payee) * 2
        ]
        outcomes = at_once(*give)
        assert sorted(code(each) or "" for each in outcomes) == ["", *["RELEASE_TOO_LARGE"] * 3]
        assert inside(escrow) == "0.00"
        assert {available(payer), available(payee)} in ({"100.00", "0.00"}, {"40.00", "60.00"})

    def test_that_waited_for_another_knows_of_it(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        give = partial(run, "transfers.release_escrow", escrow=escrow, amount=eur("40.00"))
        with somebody_else() as other:
            row = [ids.decode("trf", escrow)]
            other.execute("SELECT FROM transfers_transfer WHERE id = %s FOR UPDATE", row)
            with under_way(partial(give, to_wallet=payee), partial(give, to_wallet=payer)) as both:
                wait_until_blocked(2)
                other.rollback()
                answers = sorted(code(each.result()) or "" for each in both)
        assert answers == ["", "RELEASE_TOO_LARGE"]
        assert inside(escrow) == "20.00"

    def test_passes_while_money_is_frozen_as_what_was_begun_does(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        done("accounts.suspend_tenant", tenant=acme.tenant, reason="fraud")
        given = {"wallet": payer, "amount": eur("1.00")}
        assert refused("transfers.hold_in_escrow", actor=acme.key, **given) == "TENANT_SUSPENDED"
        release(acme, escrow, payee)
        assert available(payee) == "60.00"

    def test_waits_for_others_where_a_policy_says_so(self, acme: World) -> None:
        policy("transfers.release_escrow", {"fact": "amount", "op": "gte", "value": "50"})
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        given = {"actor": acme.key, "escrow": escrow, "to_wallet": payee}
        asked = run("transfers.release_escrow", **given).approval_request_id
        assert (asked is not None, inside(escrow)) == (True, "60.00")
        release(acme, escrow, payee, "49.99")


class TestTakingBack:
    def test_a_hold_gives_all_of_it_back(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        escrow = put(acme, wallet, "60.00")
        reverse(escrow)
        assert (status(escrow), available(wallet), inside(escrow)) == ("reversed", "100.00", "0.00")
        given = {"actor": acme.key, "escrow": escrow, "to_wallet": wallet}
        assert refused("transfers.release_escrow", **given) == "NOT_IN_ESCROW"
        assert cannot_reverse(escrow) == "NOT_REVERSIBLE"

    def test_a_hold_of_which_something_was_released_is_not(self, acme: World) -> None:
        wallet, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, wallet, "60.00")
        released = release(acme, escrow, payee, "0.01")
        outcome = run("transfers.reverse_transfer", transfer=escrow, reason="by mistake")
        assert code(outcome) == "ESCROW_RELEASED"
        assert f"0.01 EUR of {escrow} was released" in str(outcome.error)
        reverse(released)
        assert (status(released), available(payee), inside(escrow)) == ("reversed", "0.00", "60.00")
        reverse(escrow)
        assert available(wallet) == "100.00"

    def test_a_release_puts_it_in_escrow_again(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        wrong = release(acme, escrow, payee, "40.00")
        reverse(wrong)
        again = done("transfers.release_escrow", actor=acme.key, escrow=escrow, to_wallet=payer)
        assert (again["amount"], available(payer), available(payee)) == (eur("60.00"), "100.00", "0.00")

    def test_a_release_of_a_closed_wallets_escrow_is_not(self, acme: World) -> None:
        payer, payee = acme.funded("60.00"), acme.wallet()
        released = release(acme, put(acme, payer, "60.00"), payee)
        done("accounts.close_wallet", wallet=payer, reason="moved")
        assert cannot_reverse(released) == "ESCROW_RELEASED"
        assert available(payee) == "60.00"

    def test_a_release_whose_money_is_spent_is_not(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        released = release(acme, escrow, payee)
        spent = {"from_wallet": payee, "to_wallet": payer, "amount": eur("0.01")}
        done("transfers.create_transfer", actor=acme.key, **spent)
        assert cannot_reverse(released) == "INSUFFICIENT_BALANCE"
        assert (status(released), inside(escrow)) == ("completed", "0.00")

    def test_its_entries_are_not_reversed_without_it(self, acme: World) -> None:
        made = done("transfers.hold_in_escrow", wallet=acme.funded("9.00"), amount=eur("1.00"))
        assert refused("ledger.reverse_entry", entry=made["entry"], reason="x") == "ENTRY_OF_TRANSFER"

    def test_a_hold_and_a_release_at_once_are_one_or_the_other(self, acme: World) -> None:
        payer, payee = acme.funded("100.00"), acme.wallet()
        escrow = put(acme, payer, "60.00")
        back = partial(run, "transfers.reverse_transfer", transfer=escrow, reason="x")
        give = partial(run, "transfers.release_escrow", escrow=escrow, to_wallet=payee)
        answers = [code(each) for each in at_once(back, give)]
        assert answers in ([None, "NOT_IN_ESCROW"], ["ESCROW_RELEASED", None])
        assert inside(escrow) == "0.00"


class TestBeside:
    """What is in escrow is not the wallet's to spend, and still somebody's whom we owe it."""

    def test_a_wallet_with_money_in_escrow_is_not_closed(self, acme: World) -> None:
        wallet, payee = acme.funded("20.00"), acme.wallet()
        escrow = put(acme, wallet, "20.00")
        outcome = run("accounts.close_wallet", wallet=wallet, reason="left")
        assert code(outcome) == "ESCROW_OPEN"
        assert f"20.00 EUR of {wallet} is in escrow in {escrow}" in str(outcome.error)
        released = release(acme, escrow, payee, "19.99")
        assert refused("accounts.close_wallet", wallet=wallet, reason="left") == "ESCROW_OPEN"
        release(acme, escrow, payee)
        reverse(released)
        assert refused("accounts.close_wallet", wallet=wallet, reason="left") == "ESCROW_OPEN"
        release(acme, escrow, payee)
        done("accounts.close_wallet", wallet=wallet, reason="left")

    def test_a_wallet_is_not_closed_beside_a_hold_that_is_under_way(self, acme: World) -> None:
        """The hold has emptied the wallet and is not committed: whoever closes waits, and then knows of it."""
        wallet = acme.funded("20.00")
        hold = partial(run, "transfers.hold_in_escrow", wallet=wallet, amount=eur("20.00"))
        close = partial(run, "accounts.close_wallet", wallet=wallet, reason="left")
        with somebody_else() as other:
            other.execute("LOCK TABLE operations_event IN EXCLUSIVE MODE")
            with under_way(hold) as [held]:
                wait_until_blocked(1)
                with under_way(close) as [closed]:
                    wait_until_blocked(2)
                    other.rollback()
                answers = [code(held.result()), code(closed.result())]
        assert answers == [None, "ESCROW_OPEN"]

    def test_a_tenant_with_money_in_escrow_is_not_closed(self, acme: World) -> None:
        wallet = acme.funded("20.00")
        escrow = put(acme, wallet, "20.00")
        done("accounts.close_tenant", tenant=acme.test_tenant, reason="left")
        given = {"tenant": acme.tenant, "reason": "left"}
        assert refused("accounts.close_tenant", **given) == "TENANT_NOT_EMPTY"
        release(acme, escrow, wallet)
        assert refused("accounts.close_tenant", **given) == "TENANT_NOT_EMPTY"

    def test_a_closed_wallet_is_paid_nothing(self, acme: World) -> None:
        payer, payee = acme.funded("20.00"), acme.wallet()
        escrow = put(acme, payer, "20.00")
        done("accounts.close_wallet", wallet=payee, reason="left")
        given = {"escrow": escrow, "to_wallet": payee}
        assert refused("transfers.release_escrow", actor=acme.key, **given) == "ACCOUNT_CLOSED"
        assert inside(escrow) == "20.00"

    def test_a_pay_in_whose_money_is_in_escrow_is_neither_refunded_nor_reversed(self, acme: World) -> None:
        wallet = acme.funded("100.00")
        pay_in = Transfer.objects.get(kind="pay_in").pk
        put(acme, wallet, "60.00")
        given = {"transfer": pay_in, "amount": eur("40.01")}
        assert refused("transfers.create_refund", **given) == "INSUFFICIENT_BALANCE"
        assert cannot_reverse(pay_in) == "INSUFFICIENT_BALANCE"

    def test_a_chargeback_leaves_it_and_what_comes_back_of_it_repays(
        self, acme: World, sandbox: Sandbox, live_server: Any
    ) -> None:
        bank = bank_of(sandbox, live_server.url)
        wallet = acme.wallet()
        deposit = arrived(bank, "50.00", reference=wallet)
        escrow = put(acme, wallet, "40.00")
        charged_back(bank, deposit)
        assert (available(wallet), has(wallet).owed.decimal, inside(escrow)) == ("0.00", "40.00", "40.00")
        released = release(acme, escrow, wallet, "25.00")
        assert (available(wallet), has(wallet).owed.decimal) == ("0.00", "15.00")
        reverse(released)
        assert (has(wallet).owed.decimal, inside(escrow)) == ("40.00", "40.00")
        release(acme, escrow, wallet)
        assert (available(wallet), has(wallet).owed.decimal) == ("0.00", "0.00")

    def test_reports_count_it_as_customers_money(self, acme: World) -> None:
        payer = acme.funded("100.00")
        put(acme, payer, "60.00")
        number_everything()
        for name, owed_in in (("alm", "Total owed"), ("safeguarding", "Total to be safeguarded")):
            report = reports.find(name).report(reports.settle(book="acme"))
            lines = [row.cells for row in report.sections[0].rows]
            [escrow] = [cells for cells in lines if cells[0] == "2220"]
            assert (escrow[1], escrow[-1].decimal) == ("Escrow", "60.00"), name
            [total] = [cells for cells in lines if cells[0] == owed_in]
            assert total[-1].decimal == "100.00", name

    def test_the_wallets_statement_names_it(self, acme: World) -> None:
        payer = acme.funded("100.00")
        escrow = put(acme, payer, "60.00")
        release(acme, escrow, payer, "10.00")
        number_everything()
        asked = reports.settle(book="acme", account=f"wallet:{payer}")
        [section] = reports.find("wallet_statement").report(asked).sections
        lines = [(row.cells[2], row.cells[-1].decimal) for row in section.rows if row.role == "line"]
        assert lines[1:] == [("Escrow hold", "-60.00"), ("Escrow release", "10.00")]


def test_the_database_keeps_the_shape_of_each_kind(acme: World) -> None:
    payer, payee = acme.funded("100.00"), acme.wallet()
    escrow = put(acme, payer, "60.00")
    released = release(acme, escrow, payee, "1.00")
    fee = done("transfers.charge_fee", wallet=payer, amount=eur("1.00"), description="x")["transfer"]
    for transfer, change, name in (
        (released, "escrow_id = NULL", "transfer_releases_of_escrow"),
        (released, "destination_wallet_id = NULL", "transfer_releases_of_escrow"),
        (released, "source_wallet_id = destination_wallet_id", "transfer_releases_of_escrow"),
        (escrow, "escrow_id = id", "transfer_releases_of_escrow"),
        (escrow, "destination_wallet_id = source_wallet_id", "transfer_leaves_a_wallet"),
        (fee, "source_wallet_id = NULL", "transfer_leaves_a_wallet"),
        (fee, "description = ''", "transfer_fee_says_for_what"),
        (fee, "status = 'failed'", "transfer_is_done_at_once"),
    ):
        statement = f"UPDATE transfers_transfer SET {change} WHERE id = %s"
        with pytest.raises(IntegrityError, match=name), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [ids.decode("trf", transfer)])
