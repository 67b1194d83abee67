"""The pages of the console. Importing this package registers them."""

from apps.console.pages import (  # noqa: F401
    accounts,
    approvals,
    batches,
    books,
    entries,
    exports,
    holds,
    inbox,
    operations,
    people,
    periods,
    providers,
    recipients,
    requests,
    reserves,
    suspense,
    templates,
    tenants,
    transfers,
    wallets,
)
