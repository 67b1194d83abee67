"""Files of payments after a restore: what the bank has is remembered, and nothing is cut again."""

import json
from hashlib import sha256
from typing import Any

import pytest

from apps.core import clock, ids
from apps.core.money import Money
from apps.providers.adapters import rail_of
from apps.providers.adapters.files import Carried
from apps.providers.adapters.http import ProviderSilent
from apps.providers.formats.texts import reference_of
from apps.providers.models import Provider, RailFile, RailPayment
from apps.providers.services import cutting
from apps.transfers.models import Transfer
from apps.transfers.services.catching_up import catch_up, lock_all, unlock_all
from tests.support.door import done, refused
from tests.support.files import (
    at_the_cut_off,
    bankfile,
    cut,
    sent,
    told_by,
)
from tests.support.inbound import hook_up
from tests.support.payouts import status
from tests.support.sandbox import Sandbox
from tests.support.tenants import World, parts

pytestmark = pytest.mark.usefixtures("ledger_db")


@pytest.fixture
def bank(sandbox: Sandbox, live_server: Any) -> Sandbox:
    """The sandbox, whose bank for files reports to a real server of ours."""
    hook_up(sandbox, live_server.url)
    return sandbox


class TestRestore:
    def test_a_file_that_the_backup_does_not_know_is_remembered_and_nothing_is_cut_again(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank)
        [made] = sent(acme, wallet, "40.00")
        since = Transfer.objects.get(pk=made).created_at
        message_id = reference_of(ids.new_id("rlf"))
        content = forgotten(provider, message_id)
        channel = rail_of(provider).channel
        assert channel
        assert channel.hand_over(message_id, content, sha256(content).hexdigest()).standing == "taken"
        bank.settle()
        lock_all()
        assert cutting.cut_due(at_the_cut_off(provider)) == []
        found = catch_up(provider.name, since)
        assert (found.known, found.unknown) == (1, [])
        assert bytes(RailFile.objects.get().content) == content
        assert RailPayment.objects.get().file == RailFile.objects.get()
        unlock_all({})
        assert cut(provider) == []
        told_by(bank)
        assert (status(made), parts(wallet)) == ("completed", ("60.00", "0.00"))
        assert len(bank.truth()["order"]) == 1

    def test_a_bank_without_a_channel_stays_locked_until_a_person_says_so(
        self, acme: World, wallet: str, bank: Sandbox
    ) -> None:
        provider = bankfile(bank, base_url="", name="bank-by-hand", options={"play": False})
        lock_all()
        with pytest.raises(ProviderSilent, match="no channel"):
            catch_up(provider.name, clock.now())
        assert refused("providers.unlock_sending", provider=provider.name) == "RESTORE_UNFINISHED"
        done("providers.unlock_sending", provider=provider.name, reason="its statements are taken in")


def forgotten(provider: Provider, message_id: str) -> bytes:
    """A file of what waits, as it was made before a restore forgot it."""
    row = RailPayment.objects.get()
    carried = [Carried(row.reference, Money(row.amount or 0, row.currency), json.loads(row.to), row.memo, 1)]
    day = row.execute_on
    assert day
    return rail_of(provider).write(
        carried, scheme=row.scheme, message_id=message_id, number=1, on=day, now=clock.now()
    )
