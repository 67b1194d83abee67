"""What is answered as a file to be printed."""

from datetime import datetime

from apps.api import parameters
from apps.api.errors import NotFound
from apps.api.read_views import found
from apps.api.resources.base import find
from apps.api.view import PDF, Answer, ApiView, Asking
from apps.transfers.models import Transfer
from apps.transfers.printed import compensation_report, proof_of_payment
from apps.transfers.queries.proof import NotProven, proof


class CompensationReport(ApiView):
    """The compensation report of a transfer as PDF: what was asked for, what went wrong, what was given back, what to do."""

    scope = "transfers:read"
    produces = PDF

    def get(self, asking: Asking, id: str) -> Answer:
        """It, or NOT_FOUND where nothing was given back."""
        parameters.read(asking.request, {})
        shown = found(find("transfers"), asking, id)
        if not shown.get("compensation"):
            raise NotFound("Nothing was given back of this transfer, so there is no report.")
        ended_at = datetime.fromisoformat(str(shown["ended_at"]))
        name = f'attachment; filename="compensation-{id}.pdf"'
        body = compensation_report(shown["compensation"], ended_at=ended_at)
        return Answer(body, headers={"Content-Disposition": name}, content_type=PDF)


class ProofOfPayment(ApiView):
    """The proof of a payout as PDF: who paid whom how much, when, through whom, and the journal entry that says so."""

    scope = "transfers:read"
    produces = PDF

    def get(self, asking: Asking, id: str) -> Answer:
        """It, or NOT_FOUND of what is no payout of the caller's that was completed."""
        parameters.read(asking.request, {})
        shown = found(find("transfers"), asking, id)
        # What the row's policy has let through is looked at as the application: an operator may have named the recipient.
        row = Transfer.objects.select_related("book", "recipient").get(pk=shown["id"])
        if asking.caller.book not in {None, row.book_id}:
            raise NotFound("Whoever is paid by another tenant asks them for a proof.")
        try:
            body = proof_of_payment(proof(row))
        except NotProven as error:
            raise NotFound(error.message) from None
        name = f'attachment; filename="proof-of-payment-{id}.pdf"'
        return Answer(body, headers={"Content-Disposition": name}, content_type=PDF)
