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
from apps.accounts.models.recipients import (
    ANSWERS,
    VERIFICATION,
    Method,
    Recipient,
    RecipientKind,
    RecipientStatus,
    RecipientVerification,
    Verification,
)
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
    "ANSWERS",
    "CONSOLE_ROLES",
    "VERIFICATION",
    "ApiKey",
    "Customer",
    "CustomerKind",
    "CustomerStatus",
    "Invitation",
    "Membership",
    "Method",
    "Milestone",
    "Provisioning",
    "ProvisioningStatus",
    "Recipient",
    "RecipientKind",
    "RecipientStatus",
    "RecipientVerification",
    "TeamRole",
    "Tenant",
    "TenantStatus",
    "User",
    "Verification",
    "Wallet",
    "WalletAddresses",
    "WalletCategory",
    "WalletStatus",
]
