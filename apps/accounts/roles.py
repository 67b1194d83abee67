"""The console's roles and what each may run. Permission rows are made from the registry after every migrate."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from apps.accounts.models import CONSOLE_ROLES
from apps.operations.registry import all_commands

HOLDS = {
    f"{app}.{command}"
    for app in ("ledger", "transfers")
    for command in ("place_hold", "settle_hold", "release_hold")
}
SUSPENSE = {
    "transfers.answer_inquiry",
    "transfers.assign_deposit",
    "transfers.close_chargeback",
    "transfers.mark_for_return",
    "transfers.post_chargeback",
    "transfers.request_recall",
    "transfers.request_trace",
    "transfers.request_virtual_account",
    "transfers.return_deposit",
}
TRANSFERS = {
    "transfers.book_conversion",
    "transfers.book_otc_trade",
    "transfers.cancel_transfer",
    "transfers.charge_fee",
    "transfers.confirm_transfer",
    "transfers.create_bridge",
    "transfers.create_buy",
    "transfers.create_offramp",
    "transfers.create_onramp",
    "transfers.create_payout",
    "transfers.create_refund",
    "transfers.create_sell",
    "transfers.create_transfer",
    "transfers.fund_bank_account",
    "transfers.hold_in_escrow",
    "transfers.hold_rolling_reserve",
    "transfers.pay_from_pool",
    "transfers.prove_micro_deposits",
    "transfers.send_micro_deposits",
    "transfers.post_pay_in",
    "transfers.release_escrow",
    "transfers.release_rolling_reserve",
    "transfers.release_transfer",
    "transfers.requery_transfer",
    "transfers.retry_transfer",
    "transfers.reverse_transfer",
    "transfers.review_transfer",
    "transfers.set_reserve_policy",
    "transfers.settle_transfer",
    "transfers.start_strategy",
    "transfers.stop_strategy",
    "transfers.top_up_pool",
}
BATCHES = {
    "payouts.cancel_batch",
    "payouts.compare_batch",
    "payouts.create_batch",
    "payouts.execute_batch",
    "payouts.set_schedule",
    "payouts.submit_batch",
}
SWEEPS = {"treasury.cancel_sweep", "treasury.confirm_sweep"}
SWEEP_RULES = {"treasury.set_sweep_rule", "treasury.stop_sweep_rule"}
BESIDE = {"operations.add_note", "operations.assign", "operations.attach_file"}
DECIDES = {"operations.decide", "operations.delegate"}
INBOX = {
    "providers.acknowledge_conflict",
    "providers.acknowledge_message",
    "providers.redrive_message",
    "providers.redrive_quarantined",
}
FILES = {
    "providers.cut_file",
    "providers.download_file",
    "providers.hand_over_file",
    "providers.take_in_file",
}
WEBHOOKS = {
    "webhooks.acknowledge_delivery",
    "webhooks.create_endpoint",
    "webhooks.disable_endpoint",
    "webhooks.enable_endpoint",
    "webhooks.remove_endpoint",
    "webhooks.replay_range",
    "webhooks.retry_delivery",
    "webhooks.rotate_secret",
    "webhooks.rotate_signing_key",
    "webhooks.send_raw",
    "webhooks.send_test",
    "webhooks.update_endpoint",
}
FREEZES = {"ledger.freeze_account", "ledger.unfreeze_account"}

PERMISSIONS: dict[str, set[str]] = {
    "viewer": set(),
    "operator": {
        "accounts.close_customer",
        "accounts.close_recipient",
        "accounts.close_wallet",
        "accounts.create_customer",
        "accounts.create_recipient",
        "accounts.create_tenant",
        "accounts.create_wallet",
        "accounts.manage_team",
        "accounts.reset_recipient_verification",
        "accounts.revoke_api_key",
        "accounts.suspend_tenant",
        "accounts.update_customer",
        "accounts.update_recipient",
        "accounts.update_tenant",
        "accounts.update_wallet",
        "accounts.verify_recipient",
        "ledger.open_account",
        "operations.reset_key",
        "providers.lock_sending",
        "providers.unlock_sending",
        *BESIDE,
        *FILES,
        *HOLDS,
        *INBOX,
        *SUSPENSE,
        *FREEZES,
        *BATCHES,
        *TRANSFERS,
        *SWEEPS,
        *WEBHOOKS,
    },
    "approver": {*DECIDES, *BESIDE},
    "compliance": {
        "accounts.suspend_tenant",
        "ledger.request_export",
        "operations.change_policies",
        *BESIDE,
        *DECIDES,
        *FREEZES,
    },
    "finance": {
        "ledger.begin_closing",
        "ledger.close_account",
        "ledger.close_period",
        "ledger.export_journal",
        "ledger.post_correction",
        "ledger.post_opening_balance",
        "ledger.rebuild_coa",
        "ledger.rebuild_statements",
        "ledger.rebuild_templates",
        "ledger.reopen_period",
        "ledger.request_export",
        "ledger.reverse_entry",
        "ledger.schedule_statement",
        "ledger.set_floor",
        "ledger.set_late_policy",
        "rates.load_ecb",
        *BESIDE,
        *SWEEPS,
        *SWEEP_RULES,
    },
}
"""Beside looking at everything, which every role may. An admin may run every command."""

NOBODY = {
    "accounts.accept_invitation",
    "accounts.create_first_admin",
    "accounts.provision_tenant",
    "accounts.record_payee_check",
    "accounts.tell_balance",
    "ledger.export_statement",
    "ledger.import_entry",
    "ledger.raise_export_alarm",
    "operations.note_eligibility",
    "operations.withdraw_request",
    "payouts.begin_batch",
    "payouts.end_batch",
    "payouts.raise_alarm",
    "payouts.reject_batch",
    "payouts.run_schedule",
    "payouts.wait_for_money",
    "providers.raise_alarm",
    "providers.raise_file_alarm",
    "providers.raise_low_balance",
    "transfers.begin_sending",
    "transfers.cancel_rejected",
    "transfers.complete_pay_in",
    "transfers.expire_micro_deposits",
    "transfers.move_on",
    "transfers.open_batched",
    "transfers.raise_stuck_alarm",
    "transfers.record_answer",
    "transfers.record_chargeback",
    "transfers.record_deposit",
    "transfers.record_inquiry_answer",
    "transfers.record_news",
    "transfers.recover_submission",
    "transfers.report_unknown_submission",
    "transfers.reserve_batched",
    "transfers.record_virtual_account",
    "transfers.suspend_deposit",
    "treasury.execute_sweep",
    "treasury.raise_sweep_difference",
    "treasury.raise_unconfirmed_sweep",
    "webhooks.disable_dead_endpoint",
    "webhooks.raise_alarm",
}
"""Run by the system alone: by whoever holds an invitation, while no admin exists, for a new tenant, when a provider has
said whose an account is, when a period is over, while a history is imported, as providers and time move transfers along,
when a sweep rule is due, and when people must hear of something."""


def permissions_of(role: str) -> set[str]:
    """The commands' permissions that a role gives."""
    if role == "admin":
        return {command.permission for command in all_commands()} - NOBODY
    return PERMISSIONS[role]


def deciding() -> frozenset[str]:
    """The roles whose people may decide about approval requests."""
    return frozenset(role for role in CONSOLE_ROLES if "operations.decide" in permissions_of(role))


def seed(**_: Any) -> None:
    """Make a Permission for each command's permission and give each role its own, and sight of everything."""
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)  # those of the apps above have not been made yet
    with transaction.atomic():
        known = {
            name: _permission(name) for name in sorted({command.permission for command in all_commands()})
        }
        views = list(Permission.objects.filter(codename__startswith="view_"))
        for role in sorted(CONSOLE_ROLES):
            group, _created = Group.objects.get_or_create(name=role)
            group.permissions.set([*views, *(known[name] for name in permissions_of(role))])


def groups(names: Iterable[str]) -> list[Group]:
    """The groups behind roles."""
    return list(Group.objects.filter(name__in=names))


def _permission(name: str) -> Permission:
    app, codename = name.split(".")
    content_type, _ = ContentType.objects.get_or_create(app_label=app, model="command")
    permission, _ = Permission.objects.get_or_create(
        content_type=content_type, codename=codename, defaults={"name": f"Can {codename.replace('_', ' ')}"}
    )
    return permission
