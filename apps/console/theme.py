"""How the console's pages are grouped, and its own files: the settings of django-unfold. Its colours are palette.css."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


def _item(title: str | Promise, icon: str, page: str, permission: str) -> dict[str, Any]:
    """One line of the sidebar, shown to who may open it."""

    def allowed(request: HttpRequest) -> bool:
        return request.user.has_perm(permission)

    return {"title": title, "icon": icon, "link": reverse_lazy(f"console:{page}"), "permission": allowed}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Countinghouse",
    "SITE_HEADER": "Countinghouse",
    "SITE_SUBHEADER": _("Operator console"),
    "SITE_SYMBOL": "balance",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("console/icon.svg")}
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [
        lambda request: static("console/palette.css"),
        lambda request: static("console/console.css"),
    ],
    "SCRIPTS": [
        lambda request: static("console/console.js"),
        lambda request: static("console/forms.js"),
        lambda request: static("console/shell.js"),
    ],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {
                "title": None,
                "items": [
                    _item(_("Overview"), "monitoring", "index", "operations.view_operation"),
                    _item(_("Commands"), "play_circle", "commands", "operations.view_operation"),
                ],
            },
            {
                "title": _("Business"),
                "items": [
                    _item(_("Tenants"), "storefront", "accounts_tenant_changelist", "accounts.view_tenant"),
                    _item(_("Customers"), "person", "accounts_customer_changelist", "accounts.view_customer"),
                    _item(
                        _("Recipients"),
                        "contacts",
                        "accounts_recipient_changelist",
                        "accounts.view_recipient",
                    ),
                    _item(_("Wallets"), "wallet", "accounts_wallet_changelist", "accounts.view_wallet"),
                    _item(
                        _("Transfers"),
                        "swap_horiz",
                        "transfers_transfer_changelist",
                        "transfers.view_transfer",
                    ),
                    _item(_("Payouts"), "outbox", "payouts", "transfers.view_transfer")
                    | {
                        "badge": "apps.console.pages.payouts.review_badge",
                        "badge_variant": "warning",
                        "active": lambda request: request.path == reverse("console:payouts"),
                    },
                    _item(_("Batches"), "stacks", "payouts_batch_changelist", "payouts.view_batch"),
                    _item(
                        _("Standing payouts"),
                        "event_repeat",
                        "payouts_schedule_changelist",
                        "payouts.view_schedule",
                    ),
                    _item(_("Treasury"), "savings", "treasury", "treasury.view_sweeprule"),
                    _item(_("Providers"), "hub", "providers_provider_changelist", "providers.view_provider"),
                    _item(_("API keys"), "key", "accounts_apikey_changelist", "accounts.view_apikey"),
                ],
            },
            {
                "title": _("Providers"),
                "items": [
                    _item(
                        _("Inbox"),
                        "inbox",
                        "providers_inboundmessage_changelist",
                        "providers.view_inboundmessage",
                    ),
                    _item(
                        _("Payment files"),
                        "folder_zip",
                        "providers_railfile_changelist",
                        "providers.view_railfile",
                    ),
                    _item(
                        _("Conflicts"),
                        "difference",
                        "providers_inboundconflict_changelist",
                        "providers.view_inboundconflict",
                    ),
                    _item(
                        _("Suspense"),
                        "help_center",
                        "transfers_deposit_changelist",
                        "transfers.view_deposit",
                    ),
                    _item(
                        _("Chargebacks"),
                        "undo",
                        "transfers_chargeback_changelist",
                        "transfers.view_chargeback",
                    ),
                    _item(
                        _("Rolling reserves"),
                        "hourglass_top",
                        "transfers_rollingreserve_changelist",
                        "transfers.view_rollingreserve",
                    ),
                    _item(
                        _("Sweep rules"), "tune", "treasury_sweeprule_changelist", "treasury.view_sweeprule"
                    ),
                    _item(
                        _("Sweeps"),
                        "move_up",
                        "treasury_sweepexecution_changelist",
                        "treasury.view_sweepexecution",
                    ),
                    _item(
                        _("Virtual accounts"),
                        "tag",
                        "transfers_virtualaccount_changelist",
                        "transfers.view_virtualaccount",
                    ),
                ],
            },
            {
                "title": _("Ledger"),
                "items": [
                    _item(_("Accounts"), "account_tree", "ledger_account_changelist", "ledger.view_account"),
                    _item(
                        _("Journal entries"),
                        "receipt_long",
                        "ledger_journalentry_changelist",
                        "ledger.view_journalentry",
                    ),
                    _item(
                        _("Templates"),
                        "description",
                        "ledger_templateversion_changelist",
                        "ledger.view_templateversion",
                    ),
                    _item(_("Holds"), "lock_clock", "ledger_hold_changelist", "ledger.view_hold"),
                    _item(_("Books"), "menu_book", "operations_book_changelist", "operations.view_book"),
                    _item(
                        _("Periods"),
                        "event_available",
                        "ledger_periodchange_changelist",
                        "ledger.view_periodchange",
                    ),
                ],
            },
            {
                "title": _("Finance"),
                "items": [
                    _item(_("Reports"), "summarize", "finance", "ledger.view_journalentry"),
                    _item(_("Exports"), "download", "ledger_exportjob_changelist", "ledger.view_exportjob"),
                    _item(_("Journal exports"), "output", "journal_exports", "ledger.view_journalentry"),
                    _item(
                        _("Scheduled statements"),
                        "event_repeat",
                        "ledger_statementschedule_changelist",
                        "ledger.view_statementschedule",
                    ),
                    _item(_("Rates"), "currency_exchange", "rates", "rates.view_quote"),
                ],
            },
            {
                "title": _("Webhooks"),
                "items": [
                    _item(
                        _("Endpoints"), "webhook", "webhooks_endpoint_changelist", "webhooks.view_endpoint"
                    ),
                    _item(_("Deliveries"), "send", "webhooks_delivery_changelist", "webhooks.view_delivery"),
                    _item(
                        _("Attempts"), "fact_check", "webhooks_attempt_changelist", "webhooks.view_attempt"
                    ),
                    _item(_("Replays"), "replay", "webhooks_replay_changelist", "webhooks.view_replay"),
                    _item(_("Outbox"), "outgoing_mail", "outbox", "webhooks.view_delivery"),
                ],
            },
            {
                "title": _("Door"),
                "items": [
                    _item(
                        _("Operations"),
                        "terminal",
                        "operations_operation_changelist",
                        "operations.view_operation",
                    ),
                    _item(_("Approvals"), "how_to_reg", "approvals", "operations.view_approvalrequest")
                    | {"badge": "apps.console.pages.operations.pending_badge", "badge_variant": "warning"},
                    _item(
                        _("Approval policies"),
                        "rule",
                        "operations_approvalpolicy_changelist",
                        "operations.view_approvalpolicy",
                    ),
                    _item(
                        _("Delegations"),
                        "supervisor_account",
                        "operations_delegation_changelist",
                        "operations.view_delegation",
                    ),
                    _item(
                        _("Requests"),
                        "http",
                        "api_loggedrequest_changelist",
                        "api.view_loggedrequest",
                    ),
                    _item(_("Events"), "podcasts", "operations_event_changelist", "operations.view_event"),
                    _item(
                        _("Flags"),
                        "toggle_on",
                        "operations_featureflag_changelist",
                        "operations.view_featureflag",
                    ),
                ],
            },
            {
                "title": _("System"),
                "items": [
                    _item(_("Schedule"), "schedule", "schedule", "operations.view_heartbeat"),
                    _item(_("Users"), "group", "accounts_user_changelist", "accounts.view_user"),
                    _item(_("Roles"), "badge", "auth_group_changelist", "auth.view_group"),
                ],
            },
        ],
    },
}
