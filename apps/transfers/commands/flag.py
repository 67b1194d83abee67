"""The switch behind which all movements of money stand."""

WALLET_FLAG = "core_wallet_enabled"
