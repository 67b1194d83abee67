"""Files that operators attached, which leave as files to keep and are never shown."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from apps.console.policy import HEADER
from apps.operations.models import Attachment


def attachment(request: HttpRequest, attachment_id: str) -> HttpResponse:
    """The file, which no browser opens within this origin."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("operations.view_attachment"):
        raise PermissionDenied
    try:
        found = Attachment.objects.get(pk=attachment_id)
    except (Attachment.DoesNotExist, ValidationError):
        raise Http404(f"There is no attachment {attachment_id[:60]}.") from None
    answer = HttpResponse(bytes(found.content), content_type=found.media_type)
    answer["Content-Disposition"] = content_disposition_header(True, found.name)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "no-store"
    answer[HEADER] = "default-src 'none'; sandbox"
    return answer
