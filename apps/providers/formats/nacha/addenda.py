"""What an addendum says: remittance, a change of the account, a return, a return sent back, and that one disputed."""

from dataclasses import dataclass

from apps.providers.formats.nacha.records import Addendum

REMITTANCE, CHANGE, RETURN = "05", "98", "99"


@dataclass(frozen=True, slots=True)
class Remittance:
    """Text for the receiver, up to 80 characters."""

    text: str
    sequence: str
    entry_sequence: str


@dataclass(frozen=True, slots=True)
class Change:
    """The bank executed it and says what is to be corrected from now on; `code` is C01 and so on."""

    code: str
    original_trace: str
    original_rdfi: str
    corrected: str


@dataclass(frozen=True, slots=True)
class Return:
    """The payment came back; `code` is R01 and so on, `original_trace` that of the payment as it was sent."""

    code: str
    original_trace: str
    date_of_death: str
    original_rdfi: str
    info: str


@dataclass(frozen=True, slots=True)
class Dishonored:
    """The sender's bank does not accept a return; `return_code` is without its R."""

    code: str
    original_trace: str
    original_rdfi: str
    return_trace: str
    return_settlement: str
    return_code: str
    info: str


@dataclass(frozen=True, slots=True)
class Contested:
    """The receiver's bank stands by a return that was not accepted."""

    code: str
    original_trace: str
    returned_on: str
    original_rdfi: str
    original_settlement: str
    return_trace: str
    return_settlement: str
    return_code: str
    dishonored_trace: str
    dishonored_settlement: str
    dishonored_code: str


Said = Remittance | Change | Return | Dishonored | Contested


def meaning(addendum: Addendum) -> Said | None:
    """What it says; nothing for the kinds that carry details of a point of sale."""
    match addendum.kind:
        case "05":
            return Remittance(*_cut(addendum, (4, 83), (84, 87), (88, 94)))
        case "98":
            return Change(*_cut(addendum, (4, 6), (7, 21), (28, 35), (36, 64)))
        case "99":
            return _returned(addendum)
    return None


def _returned(addendum: Addendum) -> Return | Dishonored | Contested:
    code = addendum.body[:3]
    if "R61" <= code <= "R70":
        return Dishonored(*_cut(addendum, (4, 6), (7, 21), (28, 35), (39, 53), (54, 56), (57, 58), (59, 79)))
    if "R71" <= code <= "R77":
        return Contested(
            *_cut(
                addendum, (4, 6), (7, 21), (22, 27), (28, 35), (36, 38), (39, 53), (54, 56), (57, 58), (59, 73),
                (74, 76), (77, 78),
            )
        )  # fmt: skip
    return Return(*_cut(addendum, (4, 6), (7, 21), (22, 27), (28, 35), (36, 79)))


def _cut(addendum: Addendum, *positions: tuple[int, int]) -> list[str]:
    """The fields at these positions of the line, without the blanks around them."""
    return [addendum.body[first - 4 : last - 3].strip() for first, last in positions]
