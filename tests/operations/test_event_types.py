"""The registry of event types, and that nothing is told that it does not know."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from apps.operations import event_types, registry
from apps.operations.event_types import EventType, EventTypeUnknown
from apps.operations.executor import execute
from apps.operations.models import Event, Operation
from tests.support import told
from tests.support.commands import EVENT_TYPES
from tests.support.door import request, run


class SaidEvent(serializers.Serializer[Any]):
    what = serializers.CharField()


SAID = EventType("tests.said", 1, _("Somebody said something."), SaidEvent, {"what": "hello"}, ())


@pytest.fixture
def known() -> Any:
    """Some types, and afterwards those that there were."""
    before = dict(event_types._types)
    yield event_types
    event_types._types.clear()
    event_types._types.update(before)


class TestTheRegistry:
    def test_finds_the_latest_version_or_the_one_asked_for(self, known: Any) -> None:
        second = replace(SAID, version=2)
        known.register(second, SAID)
        assert known.find("tests.said") == second
        assert known.find("tests.said", 1) == SAID
        assert known.find("tests.said", 3) is None
        assert known.find("tests.unsaid") is None

    def test_lists_all_by_name_and_version(self, known: Any) -> None:
        known.register(replace(SAID, version=2), SAID)
        listed = [(each.name, each.version) for each in known.all_types()]
        assert listed == sorted(listed)
        assert ("tests.said", 1) in listed

    @pytest.mark.parametrize("name", ["said", "Tests.said", "tests.said.", "tests-said", "tests.said2"])
    def test_refuses_a_name_that_is_not_dotted(self, known: Any, name: str) -> None:
        with pytest.raises(ValueError, match="no dotted name"):
            known.register(replace(SAID, name=name))

    def test_refuses_to_know_one_twice(self, known: Any) -> None:
        known.register(SAID)
        with pytest.raises(ValueError, match="declared twice"):
            known.register(SAID)

    def test_every_command_that_it_names_exists(self) -> None:
        for each in event_types.all_types():
            for name in each.by:
                registry.find(name)

    def test_every_type_is_told_by_somebody_and_says_what_happened(self) -> None:
        for each in event_types.all_types():
            assert each.by or each.by_asking, each.name
            assert str(each.summary).endswith("."), each.name


class TestWhatNobodyDeclares:
    def test_is_not_told_and_nothing_is_done(self, ledger_db: Any, test_commands: None) -> None:
        undeclared = {(each.name, each.version) for each in EVENT_TYPES}
        kept = {key: event_types._types.pop(key) for key in undeclared}
        try:
            with pytest.raises(EventTypeUnknown, match=r"No app declares the event tests.noted in version 1"):
                execute(request("tests.note", name="Nobody"))
        finally:
            event_types._types.update(kept)
        assert not Operation.objects.filter(command="tests.note").exists()

    def test_is_told_once_it_is_declared(self, ledger_db: Any, test_commands: None) -> None:
        assert run("tests.note", name="Somebody").accepted
        assert Event.objects.filter(type="tests.noted").count() == 1


class TestTheCheckAfterEveryTest:
    """It must be able to fail, so it is tried with events that are wrong."""

    GOOD = '{"customer": "cus_01k9zw3v5r8e2n6b4m7x0q1c9d", "status": "closed", "reason": "left"}'

    def faults(self, data: str, command: str = "accounts.close_customer") -> list[str]:
        return list(told.faults("customer.closed", 1, data, command))

    def test_lets_pass_what_is_as_declared(self) -> None:
        assert self.faults(self.GOOD) == []

    def test_finds_what_is_missing(self) -> None:
        [fault] = self.faults(self.GOOD.replace(', "reason": "left"', ""))
        assert fault == "customer.closed of accounts.close_customer: 'reason' is a required property"

    def test_finds_what_is_too_much(self) -> None:
        [fault] = self.faults(self.GOOD.replace("{", '{"more": 1, ', 1))
        assert "'more' was unexpected" in fault

    def test_finds_another_type_or_value(self) -> None:
        assert "is not of type 'string'" in self.faults(self.GOOD.replace('"left"', "7"))[0]
        assert "is not one of ['closed']" in self.faults(self.GOOD.replace('"closed"', '"open"'))[0]

    def test_finds_a_command_that_the_type_does_not_name(self) -> None:
        [fault] = self.faults(self.GOOD, "accounts.update_customer")
        assert (
            fault
            == "accounts.update_customer tells customer.closed, and is not among those that its type names"
        )
