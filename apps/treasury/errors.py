"""Why treasury refuses."""

from apps.core.errors import DomainError


class NotOurMoney(DomainError):
    """A rule moves our own money at banks, providers and in transit, and nobody else's."""

    code = "NOT_OUR_MONEY"


class SameAccounts(DomainError):
    """A rule moves money between two accounts."""

    code = "SWEEP_SAME_ACCOUNT"


class BandUnfit(DomainError):
    """Floor, target and minimum are no band: zero or more, the floor at most the target, the minimum more than zero."""

    code = "SWEEP_BAND_UNFIT"


class WhenUnclear(DomainError):
    """A rule is due either at a time of the day or every so many minutes."""

    code = "SWEEP_WHEN_UNCLEAR"


class FloorMissing(DomainError):
    """What is posted at once needs accounts below whose floors the ledger lets nothing fall."""

    code = "SWEEP_FLOOR_MISSING"
    http_status = 409


class RuleEnded(DomainError):
    """This version of the rule is not in force any more."""

    code = "SWEEP_RULE_ENDED"
    http_status = 409


class SweepNotDue(DomainError):
    """It is no due time of the rule, or has not come."""

    code = "SWEEP_NOT_DUE"
    http_status = 409


class SweepExecuted(DomainError):
    """This due time has its execution."""

    code = "SWEEP_EXECUTED"
    http_status = 409


class InstructionClosed(DomainError):
    """The instruction was confirmed or cancelled already."""

    code = "SWEEP_INSTRUCTION_CLOSED"
    http_status = 409
