"""One worker of transfers as a process of its own, until it is told to end."""

import os
import signal
import sys
from types import FrameType

import django


def main() -> int:
    """Work until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from apps.transfers.worker import Worker

    worker, ended = Worker(f"bench:{os.getpid()}"), False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    worker.run(0)
    print("ready", flush=True)
    while not ended:
        worker.run(0.5)
    worker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
