"""Return codes of ACH in words, and what each means for the account; and the codes of notifications of change."""

from dataclasses import dataclass
from enum import StrEnum


class Meaning(StrEnum):
    """What a return says of trying again."""

    FUNDS = "funds"
    """There was too little money: it may be tried again later, twice at most."""
    ACCOUNT = "account"
    """The account is wrong, closed, or cannot take it: it is never sent there again."""
    AUTHORIZATION = "authorization"
    """The receiver did not agree, or does no longer: never again without a new authorization."""
    FILE = "file"
    """What was sent was wrong in itself: it may be sent anew, corrected."""
    OTHER = "other"
    """A person looks at it."""


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """A return code, what it means for trying again, and its words."""

    code: str
    meaning: Meaning
    words: str


_FUNDS, _ACCOUNT, _AUTHORIZATION, _FILE, _OTHER = Meaning

RETURN_CODES = {
    each.code: each
    for each in (
        ReturnCode("R01", _FUNDS, "There is too little money on the account."),
        ReturnCode("R02", _ACCOUNT, "The account is closed."),
        ReturnCode("R03", _ACCOUNT, "There is no such account, or it is not the named person's."),
        ReturnCode("R04", _ACCOUNT, "The account number cannot be one of that bank."),
        ReturnCode("R05", _AUTHORIZATION, "A company's debit met a consumer's account, who did not agree."),
        ReturnCode("R06", _OTHER, "It came back because the sender's bank asked for it."),
        ReturnCode("R07", _AUTHORIZATION, "The customer has revoked the authorization."),
        ReturnCode("R08", _AUTHORIZATION, "The customer has stopped this payment."),
        ReturnCode("R09", _FUNDS, "The money on the account is not collected yet."),
        ReturnCode("R10", _AUTHORIZATION, "The customer does not know the sender, or did not agree."),
        ReturnCode("R11", _AUTHORIZATION, "It is not what the customer agreed to."),
        ReturnCode("R12", _ACCOUNT, "The branch was sold to another bank."),
        ReturnCode("R13", _ACCOUNT, "The bank takes no ACH payments."),
        ReturnCode("R14", _ACCOUNT, "Who received it for the beneficiary has died, or cannot do so anymore."),
        ReturnCode("R15", _ACCOUNT, "The beneficiary or the account's holder has died."),
        ReturnCode("R16", _ACCOUNT, "The account is frozen, or an authority forbids the payment."),
        ReturnCode(
            "R17", _ACCOUNT, "The bank cannot process it, or suspects it: the account number is wrong."
        ),
        ReturnCode("R18", _FILE, "The effective date is wrong."),
        ReturnCode("R19", _FILE, "The amount is wrong."),
        ReturnCode("R20", _ACCOUNT, "The account is of a kind that takes no such payments."),
        ReturnCode("R21", _FILE, "The company's identification is wrong."),
        ReturnCode("R22", _FILE, "The individual's identification is wrong."),
        ReturnCode("R23", _AUTHORIZATION, "The receiver refused the credit."),
        ReturnCode("R24", _OTHER, "It is a duplicate: the first may well be executed."),
        ReturnCode("R25", _FILE, "An addendum is wrong."),
        ReturnCode("R26", _FILE, "A field that is needed is wrong."),
        ReturnCode("R27", _FILE, "The trace number is wrong."),
        ReturnCode("R28", _ACCOUNT, "The check digit of the routing number is wrong."),
        ReturnCode("R29", _AUTHORIZATION, "The company did not agree to the debit."),
        ReturnCode("R30", _OTHER, "The bank takes no part in check truncation."),
        ReturnCode("R31", _OTHER, "The sender's bank agreed to take it back."),
        ReturnCode("R32", _OTHER, "The bank cannot settle it."),
        ReturnCode("R33", _OTHER, "The bank returns a destroyed check."),
        ReturnCode("R34", _OTHER, "An authority limits what the bank takes."),
        ReturnCode("R35", _FILE, "A debit is not possible in this kind of batch."),
        ReturnCode("R36", _FILE, "A credit is not possible in this kind of batch."),
        ReturnCode("R37", _OTHER, "The check that it stands for was presented, too."),
        ReturnCode("R38", _AUTHORIZATION, "The check that it stands for was stopped."),
        ReturnCode("R39", _FILE, "The document that it stands for is not of the right kind."),
        ReturnCode("R40", _OTHER, "A federal agency returns an enrollment."),
        ReturnCode("R41", _FILE, "The transaction code of an enrollment is wrong."),
        ReturnCode("R42", _ACCOUNT, "The routing number of an enrollment is wrong."),
        ReturnCode("R43", _ACCOUNT, "The account number of an enrollment is wrong."),
        ReturnCode("R44", _FILE, "The identification of an enrollment is not the one on record."),
        ReturnCode("R45", _FILE, "The name of an enrollment is not the one on record."),
        ReturnCode("R46", _FILE, "The payee indicator of an enrollment is wrong."),
        ReturnCode("R47", _OTHER, "The enrollment is a duplicate."),
        ReturnCode("R50", _OTHER, "The law of the state stands against presenting a check this way."),
        ReturnCode("R51", _FILE, "The check may not be presented this way."),
        ReturnCode("R52", _AUTHORIZATION, "The check was stopped."),
        ReturnCode("R53", _OTHER, "The check was presented, too."),
        ReturnCode("R61", _OTHER, "Return not accepted: it was sent to the wrong bank."),
        ReturnCode("R62", _OTHER, "Return not accepted: it belongs to a reversal that went wrong."),
        ReturnCode("R67", _OTHER, "Return not accepted: it is a duplicate."),
        ReturnCode("R68", _OTHER, "Return not accepted: it came too late."),
        ReturnCode("R69", _OTHER, "Return not accepted: a field is wrong."),
        ReturnCode("R70", _OTHER, "Return not accepted: nobody agreed to it."),
        ReturnCode("R71", _OTHER, "Return upheld: its refusal was sent to the wrong bank."),
        ReturnCode("R72", _OTHER, "Return upheld: its refusal came too late."),
        ReturnCode("R73", _OTHER, "Return upheld: it was in time."),
        ReturnCode("R74", _OTHER, "Return upheld, and corrected."),
        ReturnCode("R75", _OTHER, "Return upheld: it is no duplicate."),
        ReturnCode("R76", _OTHER, "Return upheld: no field of it is wrong."),
        ReturnCode("R77", _OTHER, "The refusal of the return is accepted."),
        ReturnCode("R80", _FILE, "International: the payment is coded wrongly."),
        ReturnCode("R81", _OTHER, "International: the bank takes no part."),
        ReturnCode("R82", _ACCOUNT, "International: the receiving bank's number is wrong."),
        ReturnCode("R83", _OTHER, "International: the foreign bank cannot settle it."),
        ReturnCode("R84", _OTHER, "International: the gateway did not process it."),
        ReturnCode("R85", _FILE, "International: the payment is not marked as such."),
    )
}

CHANGE_CODES = {
    "C01": "The account number is another one.",
    "C02": "The routing number is another one.",
    "C03": "Routing number and account number are others.",
    "C04": "The name is another one.",
    "C05": "The kind of account is another one.",
    "C06": "Account number and kind of account are others.",
    "C07": "Routing number, account number and kind of account are others.",
    "C08": "International: the receiving bank is another one.",
    "C09": "The individual's identification is another one.",
    "C13": "The format of the addendum is another one.",
    "C14": "The batch is to be marked as international.",
}


def return_code(code: str) -> ReturnCode:
    """What a code means; of one that is not known, that a person looks at it."""
    return RETURN_CODES.get(code) or ReturnCode(code, _OTHER, "The code is not one of the usual ones.")
