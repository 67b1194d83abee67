"""How long something takes or has taken, as people say it."""

from datetime import timedelta


def in_short(age: timedelta) -> str:
    """An age in its largest fitting unit; none is below zero."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 172_800 else f"{seconds // 86_400} d"
