"""Links to finished files: signed, for one person, good for as long as the file is kept."""

from django.core import signing

from apps.core.errors import DomainError
from apps.ledger.models import ExportJob, ExportStatus
from apps.ledger.services.export_jobs import KEPT, path_of

_SIGNER = signing.TimestampSigner(salt="ledger.exports.download")


class LinkInvalid(DomainError):
    """The link was not made here, or not for this person."""

    code = "LINK_INVALID"
    http_status = 404


class LinkExpired(DomainError):
    """The link or its file is too old."""

    code = "LINK_EXPIRED"
    http_status = 410


def may_fetch(job: ExportJob, user_id: str) -> bool:
    """Whether somebody who may export at all may have this file: their own, or that of a schedule."""
    return job.requested_by == user_id or job.schedule_id is not None


def make_link(job: ExportJob, user_id: str) -> str:
    """What stands in the address of the file, for this person alone."""
    return _SIGNER.sign_object({"export": job.pk, "user": user_id})


def follow(token: str, user_id: str) -> ExportJob:
    """The job of a link, with its file in place; LinkInvalid or LinkExpired otherwise."""
    try:
        said = _SIGNER.unsign_object(token, max_age=KEPT)
    except signing.SignatureExpired:
        raise LinkExpired("This link is older than seven days: ask for the report again.") from None
    except signing.BadSignature:
        raise LinkInvalid("This is no link that was made here.") from None
    job = ExportJob.objects.filter(pk=said["export"]).first()
    if job is None or said["user"] != user_id or not may_fetch(job, user_id):
        raise LinkInvalid("This link was made for somebody else: open the export and take your own.")
    if job.status != ExportStatus.DONE or not path_of(job).is_file():
        raise LinkExpired("The file is no longer kept: ask for the report again, it will be the same.")
    return job
