"""What became of the files that were asked for."""

from django.db.models import Exists, OuterRef, QuerySet

from apps.ledger.models import ExportJob, ExportStatus


def missing_statements() -> QuerySet[ExportJob]:
    """Scheduled statements that failed and were not asked for again since: the last job of each such period."""
    later = ExportJob.objects.filter(
        schedule=OuterRef("schedule"), first_day=OuterRef("first_day"), pk__gt=OuterRef("pk")
    )
    failed = ExportJob.objects.filter(status=ExportStatus.FAILED, schedule__isnull=False)
    return failed.filter(~Exists(later))
