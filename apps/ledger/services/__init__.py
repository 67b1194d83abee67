"""What the ledger does, by what it does it to. Plans write nothing; handlers write what moves no money."""
