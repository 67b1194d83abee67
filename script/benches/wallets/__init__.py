"""A book of wallets, and the ways of moving money between them that `script/bench ledger` measures."""
