"""What runs by itself in rates; the times are in `config/schedule.py`."""

from pathlib import Path
from urllib.parse import urlsplit

from celery import shared_task
from django.conf import settings

from apps.core import clock
from apps.operations import executor
from apps.rates import fetching, services


@shared_task(name="rates.load_ecb", expires=3_600)
def load_ecb() -> None:
    """Load the file of `ECB_RATES_URL` or `ECB_RATES_FILE` if it is not what was loaded last; without either, nothing."""
    if settings.ECB_RATES_URL:
        name = Path(urlsplit(settings.ECB_RATES_URL).path).name
        content = fetching.fetch(settings.ECB_RATES_URL)
    elif settings.ECB_RATES_FILE:
        path = Path(settings.ECB_RATES_FILE)
        name, content = path.name, fetching.read(path)
    else:
        return
    if request := services.due(name=name, content=content, now=clock.now()):
        executor.execute(request).or_raise()
