"""The commands about batches of payouts."""

from django.utils.translation import gettext_lazy as _

from apps.operations.registry import EVERYWHERE, Command, register
from apps.payouts import outputs, serializers
from apps.payouts.facts import OF_BATCH
from apps.payouts.services import alarming, approving, drafting, executing, running, scheduling, uploading
from apps.transfers.commands.flag import WALLET_FLAG

register(
    Command(
        name="payouts.create_batch",
        summary=_("Begin a batch of payouts"),
        plan=drafting.plan_create_batch,
        input=serializers.CreateBatchInput,
        output=outputs.RowsResult,
        permission="payouts.create_batch",
        scope="transfers:write",
        path="payout-batches",
        personal_fields=frozenset({"rows"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.upload_batch",
        summary=_("Upload a batch of payouts"),
        plan=uploading.plan_upload_batch,
        input=serializers.UploadBatchInput,
        output=outputs.UploadedResult,
        permission="payouts.create_batch",
        scope="transfers:write",
        path="payout-batch-files",
        # Neither drawn again nor kept in the operation, which has its hash.
        secret_fields=frozenset({"content"}),
        alone=True,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.add_rows",
        summary=_("Add rows to a batch"),
        plan=drafting.plan_add_rows,
        targets=drafting.target,
        input=serializers.AddRowsInput,
        output=outputs.RowsResult,
        permission="payouts.create_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/rows",
        personal_fields=frozenset({"rows"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.mend_row",
        summary=_("Mend a row of a batch"),
        plan=drafting.plan_mend_row,
        targets=drafting.target,
        input=serializers.MendRowInput,
        output=outputs.RowResult,
        permission="payouts.create_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/rows/{number}",
        personal_fields=frozenset({"row"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.drop_row",
        summary=_("Leave a row of a batch out"),
        plan=drafting.plan_drop_row,
        targets=drafting.target,
        input=serializers.DropRowInput,
        output=outputs.RowResult,
        permission="payouts.create_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/rows/{number}/drop",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.submit_batch",
        summary=_("Submit a batch of payouts"),
        plan=drafting.plan_submit_batch,
        targets=drafting.target,
        input=serializers.SubmitBatchInput,
        output=outputs.SubmittedResult,
        permission="payouts.submit_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/submit",
        flag=WALLET_FLAG,
        scopes=drafting.scopes,
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.execute_batch",
        summary=_("Execute a batch of payouts"),
        plan=executing.plan_execute_batch,
        targets=drafting.target,
        input=serializers.ExecuteBatchInput,
        output=outputs.ExecuteResult,
        permission="payouts.execute_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/execute",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.cancel_batch",
        summary=_("Cancel a batch of payouts"),
        plan=executing.plan_cancel_batch,
        targets=drafting.target,
        input=serializers.CancelBatchInput,
        output=outputs.CancelledResult,
        permission="payouts.cancel_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/cancel",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.compare_batch",
        summary=_("Ask providers what they executed of a batch"),
        plan=executing.plan_compare_batch,
        targets=drafting.target,
        input=serializers.BatchInput,
        output=outputs.BatchResult,
        permission="payouts.compare_batch",
        scope="transfers:write",
        path="payout-batches/{batch}/compare",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.ask_for_approval",
        summary=_("Ask who must agree to a batch"),
        plan=approving.plan_ask_for_approval,
        targets=drafting.target,
        input=serializers.BatchInput,
        permission="payouts.submit_batch",
        asks_for=approving.APPROVE,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name=approving.APPROVE,
        summary=_("Approve a batch of payouts"),
        plan=approving.plan_approve_batch,
        targets=drafting.target,
        input=serializers.BatchInput,
        permission="payouts.submit_batch",
        tells=OF_BATCH,
        if_rejected=approving.if_rejected,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="payouts.reject_batch",
        summary=_("Give back what others did not agree to"),
        plan=approving.plan_reject_batch,
        targets=drafting.target,
        input=serializers.BatchInput,
        permission="payouts.reject_batch",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="payouts.begin_batch",
        summary=_("Begin to send a batch"),
        plan=executing.plan_begin_batch,
        targets=drafting.target,
        input=serializers.BatchInput,
        permission="payouts.begin_batch",
        flag=WALLET_FLAG,
        scopes=drafting.scopes,
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="payouts.end_batch",
        summary=_("End a batch of which nothing is open"),
        plan=executing.plan_end_batch,
        targets=drafting.target,
        input=serializers.BatchInput,
        permission="payouts.end_batch",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="payouts.raise_alarm",
        summary=_("Tell people of a batch that waits"),
        plan=alarming.plan_raise_alarm,
        targets=drafting.target,
        input=serializers.AlarmInput,
        permission="payouts.raise_alarm",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="payouts.create_schedule",
        summary=_("Schedule payouts"),
        plan=scheduling.plan_create_schedule,
        input=serializers.CreateScheduleInput,
        output=outputs.ScheduleResult,
        permission="payouts.set_schedule",
        scope="transfers:write",
        path="payout-schedules",
        personal_fields=frozenset({"rows"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.change_schedule",
        summary=_("Change a schedule of payouts"),
        plan=scheduling.plan_change_schedule,
        targets=scheduling.target,
        input=serializers.ChangeScheduleInput,
        output=outputs.ScheduleResult,
        permission="payouts.set_schedule",
        scope="transfers:write",
        path="payout-schedules/{schedule}/change",
        personal_fields=frozenset({"rows"}),
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.pause_schedule",
        summary=_("Pause a schedule of payouts"),
        plan=scheduling.plan_pause_schedule,
        targets=scheduling.target,
        input=serializers.StopScheduleInput,
        output=outputs.ScheduleResult,
        permission="payouts.set_schedule",
        scope="transfers:write",
        path="payout-schedules/{schedule}/pause",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.resume_schedule",
        summary=_("Resume a schedule of payouts"),
        plan=scheduling.plan_resume_schedule,
        targets=scheduling.target,
        input=serializers.ScheduleInput,
        output=outputs.ScheduleResult,
        permission="payouts.set_schedule",
        scope="transfers:write",
        path="payout-schedules/{schedule}/resume",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.end_schedule",
        summary=_("End a schedule of payouts"),
        plan=scheduling.plan_end_schedule,
        targets=scheduling.target,
        input=serializers.StopScheduleInput,
        output=outputs.ScheduleResult,
        permission="payouts.set_schedule",
        scope="transfers:write",
        path="payout-schedules/{schedule}/end",
        surfaces=EVERYWHERE,
    )
)
register(
    Command(
        name="payouts.run_schedule",
        summary=_("Make the batch of a day of a schedule"),
        plan=running.plan_run_schedule,
        targets=scheduling.target,
        input=serializers.RunScheduleInput,
        permission="payouts.run_schedule",
        surfaces=frozenset(),
    )
)
register(
    Command(
        name="payouts.wait_for_money",
        summary=_("Let a day of a schedule wait for money"),
        plan=running.plan_wait_for_money,
        targets=scheduling.target,
        input=serializers.RunScheduleInput,
        permission="payouts.wait_for_money",
        surfaces=frozenset(),
    )
)
