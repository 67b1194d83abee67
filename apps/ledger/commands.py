"""The ledger's commands."""

from django.utils.translation import gettext_lazy as _

from apps.ledger import serializers
from apps.ledger.services import (
    accounts,
    chart,
    entries,
    export_failures,
    exports,
    holds,
    journal_exports,
    lookups,
    periods,
    schedules,
    statements,
    templates,
)
from apps.operations import facts
from apps.operations.registry import BY_OPERATORS, Command, register

WALLET_FLAG = "core_wallet_enabled"


register(
    Command(
        name="ledger.open_account",
        summary=_("Open an account"),
        plan=accounts.plan_open_account,
        input=serializers.OpenAccountInput,
        permission="ledger.open_account",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.set_floor",
        summary=_("Set how low an account may go"),
        handler=accounts.set_floor,
        input=serializers.SetFloorInput,
        permission="ledger.set_floor",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.post_opening_balance",
        summary=_("Post an opening balance"),
        plan=entries.plan_opening_balance,
        input=serializers.OpeningBalanceInput,
        facts=facts.of_plan,
        tells=facts.OF_MONEY,
        permission="ledger.post_opening_balance",
        surfaces=BY_OPERATORS,
        aliases=("postOpeningBalance",),
    )
)
register(
    Command(
        name="ledger.post_correction",
        summary=_("Correct an account"),
        plan=entries.plan_correction,
        input=serializers.CorrectionInput,
        facts=facts.of_plan,
        tells=facts.OF_MONEY,
        permission="ledger.post_correction",
        surfaces=BY_OPERATORS,
        aliases=("postCorrection",),
    )
)
register(
    Command(
        name="ledger.reverse_entry",
        summary=_("Reverse a journal entry"),
        plan=entries.plan_reversal,
        input=serializers.ReversalInput,
        facts=facts.of_plan,
        tells=facts.OF_MONEY,
        permission="ledger.reverse_entry",
        surfaces=BY_OPERATORS,
        aliases=("reverse",),
    )
)
register(
    Command(
        name="ledger.import_entry",
        summary=_("Import a journal entry"),
        plan=entries.plan_imported_entry,
        input=serializers.ImportedEntryInput,
        permission="ledger.import_entry",
        surfaces=frozenset({"cli"}),
    )
)
register(
    Command(
        name="ledger.import_template_entry",
        summary=_("Import a journal entry by a template"),
        plan=entries.plan_template_entry,
        input=serializers.TemplateEntryInput,
        permission="ledger.import_entry",
        surfaces=frozenset({"cli"}),
    )
)
register(
    Command(
        name="ledger.place_hold",
        summary=_("Place a hold"),
        plan=holds.plan_place_hold,
        input=serializers.PlaceHoldInput,
        facts=facts.of_plan,
        tells=facts.OF_MONEY,
        permission="ledger.place_hold",
        flag=WALLET_FLAG,
        scopes=lookups.scopes_of_amount,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.settle_hold",
        summary=_("Settle a hold"),
        plan=holds.plan_settle_hold,
        input=serializers.SettleHoldInput,
        facts=facts.of_plan,
        tells=facts.OF_MONEY,
        permission="ledger.settle_hold",
        flag=WALLET_FLAG,
        scopes=lookups.scopes_of_hold,
        completion=True,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.release_hold",
        summary=_("Release a hold"),
        plan=holds.plan_release_hold,
        input=serializers.ReleaseHoldInput,
        permission="ledger.release_hold",
        flag=WALLET_FLAG,
        scopes=lookups.scopes_of_hold,
        completion=True,
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.freeze_account",
        summary=_("Freeze an account"),
        handler=accounts.freeze_account,
        input=serializers.FreezeInput,
        permission="ledger.freeze_account",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.unfreeze_account",
        summary=_("Lift a freeze"),
        handler=accounts.unfreeze_account,
        input=serializers.UnfreezeInput,
        permission="ledger.unfreeze_account",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.close_account",
        summary=_("Close an account"),
        handler=accounts.close_account,
        input=serializers.CloseAccountInput,
        permission="ledger.close_account",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.begin_closing",
        summary=_("Begin to close a period"),
        handler=periods.begin_closing,
        input=serializers.ClosePeriodInput,
        permission="ledger.begin_closing",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.close_period",
        summary=_("Close a period"),
        handler=periods.close_period,
        input=serializers.ClosePeriodInput,
        permission="ledger.close_period",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.reopen_period",
        summary=_("Reopen a period"),
        handler=periods.reopen_period,
        input=serializers.ReopenPeriodInput,
        permission="ledger.reopen_period",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.set_late_policy",
        summary=_("Set what becomes of late entries"),
        handler=periods.set_late_policy,
        input=serializers.SetLatePolicyInput,
        permission="ledger.set_late_policy",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.export_journal",
        summary=_("Export the journal"),
        handler=journal_exports.export_journal,
        input=serializers.ExportJournalInput,
        permission="ledger.export_journal",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.rebuild_statements",
        summary=_("Rebuild the statement read model"),
        handler=statements.rebuild_statements,
        input=serializers.RebuildStatementsInput,
        permission="ledger.rebuild_statements",
        surfaces=BY_OPERATORS,
        aliases=("rebuildStatementReadModel",),
    )
)
register(
    Command(
        name="ledger.rebuild_coa",
        summary=_("Rebuild the chart of accounts"),
        handler=chart.rebuild_coa,
        input=serializers.RebuildCoaInput,
        permission="ledger.rebuild_coa",
        surfaces=BY_OPERATORS,
        aliases=("rebuildFromSeed",),
    )
)
register(
    Command(
        name="ledger.rebuild_templates",
        summary=_("Load the posting templates"),
        handler=templates.rebuild_templates,
        input=serializers.RebuildTemplatesInput,
        permission="ledger.rebuild_templates",
        surfaces=BY_OPERATORS,
        aliases=("rebuildTemplates",),
    )
)
register(
    Command(
        name="ledger.request_export",
        summary=_("Write a report as a file"),
        plan=exports.plan_request_export,
        input=serializers.RequestExportInput,
        permission="ledger.request_export",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.schedule_statement",
        summary=_("Schedule a statement"),
        plan=schedules.plan_schedule_statement,
        input=serializers.ScheduleStatementInput,
        permission="ledger.schedule_statement",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.unschedule_statement",
        summary=_("Schedule a statement no longer"),
        plan=schedules.plan_unschedule_statement,
        input=serializers.UnscheduleStatementInput,
        targets=schedules.target,
        permission="ledger.schedule_statement",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.export_statement",
        summary=_("Write a scheduled statement"),
        plan=schedules.plan_export_statement,
        input=serializers.ExportStatementInput,
        targets=schedules.target,
        permission="ledger.export_statement",
        surfaces=frozenset({"cli"}),
    )
)
register(
    Command(
        name="ledger.write_export_again",
        summary=_("Write an export again"),
        plan=export_failures.plan_write_export_again,
        input=serializers.WriteExportAgainInput,
        targets=export_failures.target,
        permission="ledger.request_export",
        surfaces=BY_OPERATORS,
    )
)
register(
    Command(
        name="ledger.raise_export_alarm",
        summary=_("Tell of a scheduled statement that was not written"),
        plan=export_failures.plan_raise_export_alarm,
        input=serializers.RaiseExportAlarmInput,
        targets=export_failures.target,
        permission="ledger.raise_export_alarm",
        surfaces=frozenset(),
    )
)
