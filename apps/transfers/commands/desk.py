"""What operators do with transfers that do not move by themselves."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import BY_OPERATORS, Command, register
from apps.transfers import outputs, serializers
from apps.transfers.commands.flag import WALLET_FLAG
from apps.transfers.facts import OF_REVIEW
from apps.transfers.services import asking, reviews

register(
    Command(
        name="transfers.settle_transfer",
        summary=_("Settle a transfer that was paid"),
        plan=reviews.plan_settle_transfer,
        targets=asking.target,
        input=serializers.SettleTransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.settle_transfer",
        facts=reviews.settle_facts,
        tells=OF_REVIEW,
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=BY_OPERATORS,
        aliases=("settleHold",),
    )
)
register(
    Command(
        name="transfers.release_transfer",
        summary=_("Release a transfer that was not paid"),
        plan=reviews.plan_release_transfer,
        targets=asking.target,
        input=serializers.ReleaseTransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.release_transfer",
        facts=reviews.release_facts,
        tells=OF_REVIEW,
        flag=WALLET_FLAG,
        scopes=reviews.scopes,
        completion=True,
        surfaces=BY_OPERATORS,
        aliases=("releaseHold",),
    )
)
register(
    Command(
        name="transfers.review_transfer",
        summary=_("Put a transfer into manual review"),
        plan=reviews.plan_review_transfer,
        targets=asking.target,
        input=serializers.CancelTransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.review_transfer",
        aliases=("markPayoutManualReview",),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.requery_transfer",
        summary=_("Ask the provider about a transfer now"),
        plan=reviews.plan_requery_transfer,
        targets=asking.target,
        input=serializers.TransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.requery_transfer",
        aliases=("requery",),
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="transfers.retry_transfer",
        summary=_("Try a waiting transfer now"),
        plan=reviews.plan_retry_transfer,
        targets=asking.target,
        input=serializers.TransferInput,
        output=outputs.TransferToldResult,
        permission="transfers.retry_transfer",
        aliases=("retry", "retry-intent"),
        surfaces=BY_OPERATORS,
    )
)
