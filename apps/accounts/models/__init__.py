"""People, tenants with their teams, customers with their wallets, and API keys."""

from apps.accounts.models.customers import (
    Customer,
    CustomerKind,
    CustomerStatus,
    Wallet,
    WalletAddresses,
    WalletCategory,
    WalletStatus,
)
from apps.accounts.models.keys import ApiKey
from apps.accounts.models.people import CONSOLE_ROLES, User
from apps.accounts.models.recipients import Recipient, RecipientKind, RecipientStatus
from apps.accounts.models.tenants import (
    Invitation,
    Membership,
    Milestone,
    Provisioning,
    ProvisioningStatus,
    TeamRole,
    Tenant,
    TenantStatus,
)

__all__ = [
    "CONSOLE_ROLES",
    "ApiKey",
    "Customer",
    "CustomerKind",
    "CustomerStatus",
    "Invitation",
    "Membership",
    "Milestone",
    "Provisioning",
    "ProvisioningStatus",
    "Recipient",
    "RecipientKind",
    "RecipientStatus",
    "TeamRole",
    "Tenant",
    "TenantStatus",
    "User",
    "Wallet",
    "WalletAddresses",
    "WalletCategory",
    "WalletStatus",
]
