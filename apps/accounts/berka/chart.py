"""What kinds of movement the bank knows, and the ledger account that stands against each.

The GL codes follow from the addresses by `fixtures/chart.json`.
"""

from dataclasses import dataclass

BOOK = "berka"
CURRENCY = "CZK"
TIME_ZONE = "Europe/Prague"


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The other side of the customers' movements."""

    address: str
    name: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of movement; `inward` is money into the customer's account. The template says which accounts it needs."""

    name: str
    inward: bool
    counterpart: Counterpart
    template: str

    @property
    def words(self) -> str:
        """The kind as people read it."""
        return self.name.replace("_", " ").capitalize()


VAULT = Counterpart("cash:vault", "Cash in the vault")
BANKS = Counterpart("clearing:banks", "Transfers from and to other banks")
PENSIONS = Counterpart("clearing:pensions", "Pensions received for customers")
CARDS = Counterpart("clearing:cards", "Card withdrawals to be settled")
HOUSEHOLD = Counterpart("clearing:household", "Household payments to be settled")
INSURANCE = Counterpart("clearing:insurance", "Insurance payments to be settled")
LOANS = Counterpart("clearing:loans", "Loan payments to be settled")
FEES = Counterpart("revenue:fees", "Fees for statements and services")
PENALTIES = Counterpart("revenue:penalty-interest", "Penalty interest on negative balances")
INTEREST = Counterpart("expense:interest", "Interest paid to customers")

COUNTERPARTS = (VAULT, BANKS, PENSIONS, CARDS, HOUSEHOLD, INSURANCE, LOANS, FEES, PENALTIES, INTEREST)

# The k_symbol says what a movement is for; where there is none, the operation says how the money moved.
BY_SYMBOL = {
    "DUCHOD": Kind("pension", True, PENSIONS, "pay_in"),
    "POJISTNE": Kind("insurance", False, INSURANCE, "pay_out"),
    "SANKC. UROK": Kind("penalty_interest", False, PENALTIES, "penalty_interest"),
    "SIPO": Kind("household_payment", False, HOUSEHOLD, "pay_out"),
    "SLUZBY": Kind("fee", False, FEES, "fee_charge"),
    "UROK": Kind("interest", True, INTEREST, "interest_paid"),
    "UVER": Kind("loan_payment", False, LOANS, "pay_out"),
}
BY_OPERATION = {
    "VKLAD": Kind("cash_deposit", True, VAULT, "pay_in"),
    "VYBER": Kind("cash_withdrawal", False, VAULT, "pay_out"),
    "VYBER KARTOU": Kind("card_withdrawal", False, CARDS, "pay_out"),
    "PREVOD Z UCTU": Kind("transfer_in", True, BANKS, "pay_in"),
    "PREVOD NA UCET": Kind("transfer_out", False, BANKS, "pay_out"),
}
PASSING = {"pay_in": "source", "pay_out": "destination"}
"""The templates that are told through which account the money comes or goes, and by which variable."""

INWARD = {"PRIJEM": True, "VYDAJ": False, "VYBER": False}


def kind_of(operation: str, symbol: str) -> Kind | None:
    """The kind that the bank's codes mean, if they mean one."""
    return BY_SYMBOL.get(symbol) if symbol else BY_OPERATION.get(operation)


def customer(account_id: int) -> str:
    """The address of a customer's account."""
    return f"customer:{account_id}"
