"""Everything that runs by itself."""

from datetime import timedelta

from celery.schedules import crontab
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.console.site import site
from apps.operations.models import Heartbeat
from config.schedule import BEAT_SCHEDULE


def schedule(request: HttpRequest) -> HttpResponse:
    """The table of `config.schedule`, and when each task was last seen to run, if it tells."""
    if request.method not in {"GET", "HEAD"} or not request.user.has_perm("operations.view_heartbeat"):
        raise PermissionDenied
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    rows = [
        (name, entry["task"], words(entry["schedule"]), seen.get(str(entry["task"])))
        for name, entry in BEAT_SCHEDULE.items()
    ]
    workers = [(name.removeprefix("worker:"), at) for name, at in seen.items() if name.startswith("worker:")]
    context = {
        "title": _("Schedule"),
        "crumbs": [(_("Schedule"), None)],
        "rows": rows,
        "workers": sorted(workers),
    }
    return site.page(request, "console/schedule.html", context)


def words(every: object) -> str:
    """How often, as people say it."""
    if isinstance(every, crontab):
        return str(every).removeprefix("<crontab: ").partition(" (")[0] + " UTC"
    if not isinstance(every, timedelta):
        return str(every)
    seconds = int(every.total_seconds())
    for size, one in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0 and seconds >= size:
            number = seconds // size
            return f"every {one}" if number == 1 else f"every {number} {one}s"
    return f"every {every.total_seconds():g} seconds"
