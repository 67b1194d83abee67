"""What is answered as a file to be printed."""

from datetime import datetime

from apps.api import parameters
from apps.api.errors import NotFound
from apps.api.read_views import found
from apps.api.resources.base import find
from apps.api.view import PDF, Answer, ApiView, Asking
from apps.transfers.printed import compensation_report


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
