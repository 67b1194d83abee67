"""script/check-launcher [system|apt|wheel …]: the whole life of script/server, for each way to PostgreSQL.

In a copy of this checkout in a temporary folder, with data of its own: first start, a second server
beside it, Ctrl-C, a quick second start, kill -9 and recovery, SIGTERM, script/manage, --reset.
Takes some minutes; `apt` installs postgresql where it is missing.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from script.bootstrap.address import Address
from script.bootstrap.checkout import ROOT
from script.bootstrap.failure import Failure
from script.bootstrap.postgres import free_port
from script.bootstrap.progress import Progress
from script.bootstrap.supervisor import NOTHING, READY, readiness

WAYS = ("system", "apt", "wheel")
QUICK_SECONDS = 30
OUTSIDE = ("DATABASE_URL", "REDIS_URL", "PYTHONPATH", "VIRTUAL_ENV", "HOST")


def run(arguments: list[str]) -> int:
    if not set(arguments) <= set(WAYS):
        print(__doc__)
        return 0 if arguments[0] in {"-h", "--help"} else 2
    for way in arguments or WAYS:
        print(way)
        with tempfile.TemporaryDirectory(prefix="countinghouse-") as folder:
            # PostgreSQL's user has to get through to the data.
            Path(folder).chmod(0o755)
            Life(Path(folder), way).live()
    return 0


class Life:
    def __init__(self, folder: Path, way: str) -> None:
        self.checkout = folder / "checkout"
        self.output = folder / "output"
        self.address = Address("127.0.0.1", free_port())
        self.server: subprocess.Popen[bytes] | None = None
        inherited = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
        ours = {"COUNTINGHOUSE_DATA": str(folder / "data"), "COUNTINGHOUSE_POSTGRES": way}
        self.env = {**inherited, **ours, "PORT": str(self.address.port)}

    def live(self) -> None:
        progress = Progress()
        try:
            with progress.step("copy of the checkout"):
                self._copy()
            with progress.step("first start"):
                password = self._start()
            with progress.step("a second server is refused"):
                self._expect(1, "script/server", says="runs already")
            with progress.step("Ctrl-C"):
                self._stop(signal.SIGINT)
            with progress.step("second start, with the same password"):
                self._require(self._start(within=QUICK_SECONDS) == password, "the password changed")
            with progress.step("kill -9, and a start that tidies up"):
                self._stop(signal.SIGKILL)
                self._start(within=QUICK_SECONDS)
            with progress.step("SIGTERM"):
                self._stop(signal.SIGTERM)
            with progress.step("script/manage"):
                self._expect(0, "script/manage", "check", says="no issues")
                self._expect(0, "script/manage", "verify_ledger", says="all is well")
            with progress.step("--reset, with a new password"):
                self._require(self._start("--reset") != password, "the data is still there")
                self._stop(signal.SIGINT)
        finally:
            if self.server and self.server.poll() is None:
                self.server.terminate()
                self.server.wait()

    def _copy(self) -> None:
        argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.checkout / name)

    def _start(self, *arguments: str, within: float = 600) -> str:
        """Returns the password that the server prints once it is ready."""
        begun = time.monotonic()
        with self.output.open("wb") as output:
            self.server = subprocess.Popen(
                ["script/server", *arguments], cwd=self.checkout, env=self.env, stdout=output, stderr=output
            )
        while "Ctrl-C" not in self._said():
            self._require(self.server.poll() is None, "the server ended")
            self._require(time.monotonic() - begun < within, f"not ready after {within:.0f} s")
            time.sleep(0.1)
        self._require(readiness(self.address) == READY, "/readyz is not 200")
        signed_in = re.search(r"Sign in +\S+ +(\S+)", self._said())
        return signed_in[1] if signed_in else ""

    def _stop(self, number: signal.Signals) -> None:
        if self.server is None:
            return
        self.server.send_signal(number)
        code = self.server.wait(timeout=60)
        killed = number == signal.SIGKILL
        self._require(code == (-number if killed else 0), f"exit code {code}")
        self._require(killed or readiness(self.address) == NOTHING, "the web server still answers")

    def _expect(self, code: int, *argv: str, says: str) -> None:
        done = subprocess.run(
            argv, cwd=self.checkout, env=self.env, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        self._require(
            done.returncode == code and says in said, f"{argv} ended with {done.returncode}: {said}"
        )

    def _require(self, holds: bool, problem: str) -> None:
        if not holds:
            raise Failure(problem, "The output of script/server:", log=self.output)

    def _said(self) -> str:
        return self.output.read_text(errors="replace")
