-- Amounts are whole numbers of 10^-18 as text, instants are milliseconds. A due instant of null means: nothing to do.
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    desk TEXT NOT NULL,
    reference TEXT NOT NULL,
    asked TEXT,               -- the body in one form; null if it was cancelled before it came
    kind TEXT,
    currency TEXT,
    amount TEXT,
    beneficiary TEXT NOT NULL DEFAULT '{}',
    receive_currency TEXT,
    memo TEXT,
    status TEXT NOT NULL,
    receive_amount TEXT,
    settled_amount TEXT,
    returned_amount TEXT,
    code TEXT,
    message TEXT,
    outcome TEXT NOT NULL DEFAULT 'complete',
    webhook_faults TEXT NOT NULL DEFAULT '[]',
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    expected_at INTEGER,
    due_at INTEGER,
    file TEXT,                -- the message id of the file that it came in
    untold TEXT,              -- of a desk for files: the statuses that its next statement tells
    UNIQUE (desk, reference)
);
CREATE INDEX IF NOT EXISTS orders_untold ON orders (desk) WHERE untold IS NOT NULL;
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY,
    desk TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content BLOB NOT NULL,
    taken_at INTEGER NOT NULL,
    UNIQUE (desk, message_id)
);
CREATE INDEX IF NOT EXISTS orders_due ON orders (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS recalls (
    desk TEXT NOT NULL,
    name TEXT NOT NULL,       -- whoever asks under it again is answered the same
    reference TEXT NOT NULL,
    code TEXT,                -- why it was refused; null if it was accepted
    at INTEGER NOT NULL,
    PRIMARY KEY (desk, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transitions (
    number INTEGER PRIMARY KEY,
    order_number INTEGER NOT NULL,
    status TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS transitions_order ON transitions (order_number);
CREATE TABLE IF NOT EXISTS accounts (
    desk TEXT NOT NULL,
    currency TEXT NOT NULL,
    balance TEXT NOT NULL,
    PRIMARY KEY (desk, currency)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    desk TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount TEXT NOT NULL,
    balance TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT
);
CREATE INDEX IF NOT EXISTS transactions_desk ON transactions (desk, number);
CREATE TABLE IF NOT EXISTS virtual_accounts (
    reference TEXT PRIMARY KEY,
    account TEXT NOT NULL UNIQUE
);
CREATE TABLE IF NOT EXISTS deposits (
    id TEXT PRIMARY KEY,
    desk TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    virtual_account TEXT,
    reference TEXT,
    remitter TEXT,
    received_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS chargebacks (
    id TEXT PRIMARY KEY,
    deposit TEXT NOT NULL,
    amount TEXT NOT NULL,
    reason TEXT,
    opened_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS webhooks (
    number INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    type TEXT NOT NULL,
    desk TEXT NOT NULL,
    subject TEXT NOT NULL,    -- deliveries about one subject go out one after the other
    body TEXT NOT NULL,
    signed INTEGER NOT NULL,  -- 0: with a signature that is wrong
    named INTEGER NOT NULL,   -- 0: without the header that names the event
    state TEXT NOT NULL,      -- pending, held, delivered, given_up, dropped, unaddressed
    tries TEXT NOT NULL DEFAULT '[]',
    due_at INTEGER
);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS webhooks_held ON webhooks (subject) WHERE state = 'held';
CREATE TABLE IF NOT EXISTS draws (
    subject TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stripe_keys (
    key TEXT PRIMARY KEY,
    asked TEXT NOT NULL,      -- the request in one form
    status INTEGER NOT NULL,  -- what was answered, which is answered again
    body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS payees (
    account TEXT PRIMARY KEY,
    holder TEXT               -- null if its bank does not tell
) WITHOUT ROWID;
