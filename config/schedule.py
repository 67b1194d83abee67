"""Everything that runs by itself, and how often. The console shows this table; nothing else schedules."""

from datetime import timedelta

from celery.schedules import crontab

BEAT_SCHEDULE = {
    "sequence": {
        "task": "operations.sequence",
        "schedule": timedelta(seconds=1),
    },
    "project-daily-balances": {
        "task": "ledger.project_daily_balances",
        "schedule": timedelta(seconds=15),
    },
    # Under a second for 100,000 new lines; the whole of the books is verified by `manage.py verify_ledger`.
    "verify-books": {
        "task": "ledger.verify_books",
        "schedule": timedelta(hours=1),
    },
    "write-exports": {
        "task": "ledger.write_exports",
        "schedule": timedelta(seconds=5),
    },
    "expire-exports": {
        "task": "ledger.expire_exports",
        "schedule": timedelta(hours=1),
    },
    "schedule-statements": {
        "task": "ledger.export_statements",
        "schedule": timedelta(minutes=5),
    },
    "provision-tenants": {
        "task": "accounts.provision_tenants",
        "schedule": timedelta(seconds=30),
    },
    "work-off-bulks": {
        "task": "api.work_off_bulks",
        "schedule": timedelta(seconds=5),
    },
    "forget-requests": {
        "task": "api.forget_requests",
        "schedule": timedelta(hours=1),
    },
    "verify-recipients": {
        "task": "accounts.verify_recipients",
        "schedule": timedelta(seconds=5),
    },
    "verify-recipients-again": {
        "task": "accounts.verify_recipients_again",
        "schedule": timedelta(minutes=5),
    },
    # Its interval is how late `wallet.balance.low` may be, and how short a dip nobody is told of.
    "watch-balances": {
        "task": "accounts.watch_balances",
        "schedule": timedelta(seconds=5),
    },
    "expire-micro-deposits": {
        "task": "transfers.expire_micro_deposits",
        "schedule": timedelta(minutes=15),
    },
    "mail-owners-of-endpoints": {
        "task": "webhooks.mail_owners",
        "schedule": timedelta(seconds=60),
    },
    # Two seconds for 100,000 new attempts; `manage.py verify_webhooks` does it by hand.
    "verify-attempts": {
        "task": "webhooks.verify_attempts",
        "schedule": timedelta(hours=1),
    },
    "verify-all-attempts": {
        "task": "webhooks.verify_attempts",
        "schedule": timedelta(days=1),
        "kwargs": {"everything": True},
    },
    "send-invitations": {
        "task": "accounts.send_invitations",
        "schedule": timedelta(seconds=30),
    },
    "mail-milestones": {
        "task": "transfers.mail_milestones",
        "schedule": timedelta(seconds=10),
    },
    "work-on-transfers": {
        "task": "transfers.work",
        "schedule": timedelta(seconds=1),
    },
    "ask-inquiries": {
        "task": "transfers.ask_inquiries",
        "schedule": timedelta(seconds=5),
    },
    "work-on-batches": {
        "task": "payouts.work",
        "schedule": timedelta(seconds=2),
    },
    "run-payout-schedules": {
        "task": "payouts.run_schedules",
        "schedule": timedelta(minutes=1),
    },
    "remind-of-batches": {
        "task": "payouts.remind",
        "schedule": timedelta(minutes=5),
    },
    "remind-of-batches-weekly": {
        "task": "payouts.remind_weekly",
        "schedule": crontab(minute="0", hour="9", day_of_week="1"),
    },
    "watch-stuck-transfers": {
        "task": "transfers.raise_stuck_alarms",
        "schedule": timedelta(minutes=1),
    },
    "wake-rejected-transfers": {
        "task": "transfers.wake_rejected",
        "schedule": timedelta(minutes=1),
    },
    "ask-for-balances": {
        "task": "providers.ask_balances",
        "schedule": timedelta(minutes=1),
    },
    "cut-payment-files": {
        "task": "providers.cut_files",
        "schedule": timedelta(minutes=1),
    },
    "settle-payment-files": {
        "task": "providers.settle_files",
        "schedule": timedelta(minutes=1),
    },
    "release-reserves": {
        "task": "transfers.release_reserves",
        "schedule": timedelta(minutes=1),
    },
    "execute-sweeps": {
        "task": "treasury.execute_sweeps",
        "schedule": timedelta(seconds=30),
    },
    "watch-sweep-instructions": {
        "task": "treasury.watch_instructions",
        "schedule": timedelta(minutes=5),
    },
    "verify-sweeps": {
        "task": "treasury.verify_sweeps",
        "schedule": timedelta(hours=1),
    },
    "verify-all-sweeps": {
        "task": "treasury.verify_sweeps",
        "schedule": timedelta(days=1),
        "kwargs": {"everything": True},
    },
    "complete-pay-ins": {
        "task": "transfers.complete_pay_ins",
        "schedule": timedelta(seconds=10),
    },
    # Rates for quotes need minutes. The ECB publishes once a working day, at about 16:00 in Frankfurt: an hour later they
    # are known here, and an hour's outage loses nothing.
    "load-ecb-rates": {
        "task": "rates.load_ecb",
        "schedule": timedelta(hours=1),
    },
    "apply-approved": {
        "task": "operations.apply_approved",
        "schedule": timedelta(seconds=30),
    },
    "look-for-approvers": {
        "task": "operations.look_for_approvers",
        "schedule": timedelta(minutes=1),
    },
    "heartbeat": {
        "task": "operations.heartbeat",
        "schedule": timedelta(seconds=15),
    },
}
