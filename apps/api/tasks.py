"""What runs by itself for the API; the times are in `config/schedule.py`."""

from celery import shared_task

from apps.api.services import bulk, retention
from apps.core import clock


@shared_task(name="api.work_off_bulks", expires=5)
def work_off_bulks() -> None:
    """Answer the bulks that wait."""
    bulk.work_off()


@shared_task(name="api.forget_requests", expires=3600)
def forget_requests() -> None:
    """Delete the log of requests, and bulks with their answers, that are older than 90 days."""
    retention.forget_requests(now=clock.now())
    retention.forget_bulks(now=clock.now())
