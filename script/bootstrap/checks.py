"""Runs checks side by side, tells each when it is done, and remembers what failed."""

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from script.bootstrap.checkout import ROOT
from script.bootstrap.signals import run_in_foreground

RULE = 78


@dataclass(frozen=True)
class Check:
    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    name: str
    passed: bool
    seconds: float

    def line(self) -> str:
        return f"  {'✓' if self.passed else '✗'} {self.name:<40} {self.seconds:6.1f} s"


def run_side_by_side(checks: Sequence[Check], env: dict[str, str]) -> list[Result]:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        pending = [pool.submit(_run_quietly, check, env) for check in checks]
        try:
            return [future.result() for future in as_completed(pending)]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def run_in_sight(check: Check, env: dict[str, str]) -> Result:
    print(heading(check.name), flush=True)
    begun = time.monotonic()
    code = run_in_foreground(check.argv, env={**env, **check.env}, cwd=ROOT)
    return Result(check.name, code == 0, time.monotonic() - begun)


def heading(title: str) -> str:
    return f"── {title} ".ljust(RULE, "─")


def _run_quietly(check: Check, env: dict[str, str]) -> Result:
    begun = time.monotonic()
    done = subprocess.run(
        check.argv,
        cwd=ROOT,
        env={**env, **check.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    result = Result(check.name, done.returncode == 0, time.monotonic() - begun)
    # One write, so that the words of two checks do not mingle.
    print(f"{heading(check.name)}\n{done.stdout}{result.line()}\n", end="", flush=True)
    return result
