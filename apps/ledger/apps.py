from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "apps.ledger"
    label = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        from apps.ledger import commands, events, poster, templates  # noqa: F401 (they register themselves)
        from apps.ledger.models import TemplateVersion
        from apps.operations import isolation, posting, roles, sequencer, subjects

        posting.register_poster(poster.post)
        sequencer.register(sequencer.Stream("entries", "ledger_seal_entries", "ledger_entry", "ledger_seal"))
        kind = subjects.Named(_("posting template"), TemplateVersion, templates.existing)
        subjects.register(templates.SUBJECT, kind)

        roles.written_only_by_functions(
            "ledger_addresspattern",
            "ledger_balance",
            "ledger_bookperiod",
            "ledger_daily_balance",
            "ledger_entry",
            "ledger_glaccount",
            "ledger_hold",
            "ledger_line",
            "ledger_periodchange",
            "ledger_projection",
            "ledger_seal",
        )
        of_account = "EXISTS (SELECT FROM ledger_account a WHERE a.id = account_id)"
        isolation.rows_where("ledger_line", of_account)
        isolation.rows_where("ledger_freeze", of_account)
        isolation.shared("ledger_addresspattern", "ledger_glaccount", "ledger_templateversion")
        isolation.callable_by_tenants("ledger_post", "ledger_close_account")
