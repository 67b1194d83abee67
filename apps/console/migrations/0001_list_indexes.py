"""What the console's lists filter by. The console needs these, so it makes them; nobody below does."""

from django.db import migrations

INDEXES = {
    "console_account_by_gl_code": "ledger_account (gl_code, book_id, address, currency)",
    "console_daily_balance_by_day": "ledger_daily_balance (book_id, effective_on)",
    "console_hold_open_by_account": "ledger_hold (account_id, id) WHERE remaining > 0",
    # People only, whose ids sort last: what machines run is nearly everything, and is found by its command.
    "console_operation_by_person": "operations_operation (actor_id, id) WHERE actor_id >= 'usr_'",
    "console_operation_by_command": "operations_operation (command, id)",
    "console_operation_unfinished": "operations_operation (status, id) WHERE status <> 'accepted'",
    "console_event_by_subject": "operations_event (subject, ordinal)",
    "console_provisioning_failed": "accounts_provisioning (id) WHERE status = 'failed'",
    # What the command palette finds: names by their beginning, whatever their case.
    "console_tenant_by_name": "accounts_tenant (upper(name) text_pattern_ops)",
    "console_customer_by_name": "accounts_customer (upper(name) text_pattern_ops)",
    "console_recipient_by_name": "accounts_recipient (upper(name) text_pattern_ops)",
    "console_wallet_by_name": "accounts_wallet (upper(name) text_pattern_ops) WHERE name <> ''",
    "console_wallet_low": "accounts_wallet (id) WHERE is_low",
    "console_api_key_by_name": "accounts_apikey (upper(name) text_pattern_ops)",
    "console_user_by_name": "accounts_user (upper(name) text_pattern_ops)",
    "console_transfer_by_provider_reference": "transfers_transfer (provider_reference) WHERE provider_reference <> ''",
    "console_transfer_by_kind": "transfers_transfer (kind, id)",
    "console_transfer_by_provider": "transfers_transfer (provider, id) WHERE provider <> ''",
    "console_request_by_key": "api_request (key_id, id)",
    "console_request_refused": "api_request (id) WHERE status >= 400 AND status < 500",
    "console_request_failed": "api_request (id) WHERE status >= 500",
    # What people did with a transfer, and what was refused of it; the machine's own steps are told by its events.
    "console_operation_of_transfer": "operations_operation ((input ->> 'transfer'), id)"
    " WHERE input ? 'transfer' AND (origin <> 'worker' OR status <> 'accepted')",
    # What waits or has failed; what was delivered is nearly everything.
    "console_delivery_open": "webhooks_delivery (status, id) WHERE status <> 'delivered'",
    # What somebody has to look at, of which there may be few among many that somebody has looked at.
    "console_delivery_failed": "webhooks_delivery (id) WHERE status = 'failed' AND acknowledged_in_id IS NULL",
    "console_delivery_acknowledged": "webhooks_delivery (id) WHERE acknowledged_in_id IS NOT NULL",
    "console_delivery_by_type": "webhooks_delivery (type, id)",
    "console_delivery_by_subject": "webhooks_delivery (subject, id)",
    # Ids follow time, and so do these tables: a summary of each few pages leads to an operation's
    # rows, and posting does not write to it, where each row would be one more in a tree.
    "console_event_by_operation": "operations_event USING brin (operation_id) WITH (pages_per_range = 32, autosummarize = on)",
    "console_entry_by_operation": "ledger_entry USING brin (operation_id) WITH (pages_per_range = 32, autosummarize = on)",
    "console_request_by_operation": "api_request USING brin (operation_id)"
    " WITH (pages_per_range = 32, autosummarize = on) WHERE operation_id <> ''",
}


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0001_initial"),
        ("ledger", "0001_initial"),
        ("accounts", "0001_initial"),
        ("transfers", "0001_initial"),
        ("api", "0001_initial"),
        ("webhooks", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
        for name, columns in INDEXES.items()
    ]
