"""The commands about providers."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import BY_OPERATORS, Command, register
from apps.providers import serializers
from apps.providers.services import balances, cutting, handing_over, providers, quarantine, reading

register(
    Command(
        name="providers.set_provider",
        summary=_("Set up a provider"),
        handler=providers.set_provider,
        input=serializers.SetProviderInput,
        permission="providers.set_provider",
        secret_fields=frozenset({"secret", "webhook_secret"}),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.set_routing_rule",
        summary=_("Set a routing rule"),
        handler=providers.set_rule,
        input=serializers.SetRoutingRuleInput,
        permission="providers.set_routing_rule",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.lock_sending",
        summary=_("Send nothing to a provider"),
        handler=providers.lock_sending,
        input=serializers.LockSendingInput,
        permission="providers.lock_sending",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.unlock_sending",
        summary=_("Send to a provider again"),
        handler=providers.unlock_sending,
        input=serializers.UnlockSendingInput,
        permission="providers.unlock_sending",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.acknowledge_message",
        summary=_("Acknowledge a quarantined message"),
        handler=quarantine.acknowledge_message,
        input=serializers.AcknowledgeMessageInput,
        permission="providers.acknowledge_message",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.redrive_message",
        summary=_("Follow a quarantined message again"),
        handler=quarantine.redrive_message,
        input=serializers.RedriveMessageInput,
        permission="providers.redrive_message",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.redrive_quarantined",
        summary=_("Follow a provider's quarantined messages again"),
        handler=quarantine.redrive_quarantined,
        input=serializers.RedriveQuarantinedInput,
        permission="providers.redrive_quarantined",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.acknowledge_conflict",
        summary=_("Acknowledge a conflict of messages"),
        handler=quarantine.acknowledge_conflict,
        input=serializers.AcknowledgeConflictInput,
        permission="providers.acknowledge_conflict",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.raise_alarm",
        summary=_("Tell of a message that needs a person"),
        plan=quarantine.plan_raise_alarm,
        input=serializers.RaiseAlarmInput,
        permission="providers.raise_alarm",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="providers.raise_low_balance",
        summary=_("Tell of a provider that has too little"),
        plan=balances.plan_raise_low_balance,
        input=serializers.RaiseLowBalanceInput,
        permission="providers.raise_low_balance",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="providers.cut_file",
        summary=_("Make files of what waits"),
        handler=cutting.cut_file,
        input=serializers.CutFileInput,
        permission="providers.cut_file",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.hand_over_file",
        summary=_("Say that a file was handed over"),
        handler=handing_over.hand_over_file,
        input=serializers.HandOverFileInput,
        permission="providers.hand_over_file",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="providers.download_file",
        summary=_("Download a payment file"),
        plan=handing_over.plan_download_file,
        input=serializers.DownloadFileInput,
        permission="providers.download_file",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="providers.take_in_file",
        summary=_("Take in a file of the bank"),
        handler=reading.take_in_file,
        input=serializers.TakeInFileInput,
        permission="providers.take_in_file",
        surfaces=BY_OPERATORS,
        # It is kept as a message; the operation has its name and what was found in it.
        secret_fields=frozenset({"content"}),
    )
)
register(
    Command(
        name="providers.raise_file_alarm",
        summary=_("Tell of a payment file that needs a person"),
        plan=cutting.plan_raise_file_alarm,
        input=serializers.RaiseFileAlarmInput,
        permission="providers.raise_file_alarm",
        surfaces=frozenset(),
    )
)
