"""script/lock: resolves pyproject.toml, and what tests run by Node.js, into the hash-locked files that everything installs from.

Versions stay as they are locked unless pyproject.toml rules them out.
"""

import argparse
import os
import subprocess

from script.bootstrap import environment, node
from script.bootstrap.checkout import LOCKS, ROOT, prepare_data_folder
from script.bootstrap.failure import Failure
from script.bootstrap.progress import Progress

UV_REQUIREMENT = "uv>=0.13,<0.14\n"
COMPILE = ["pip", "compile", "--quiet", "--generate-hashes", "--universal", "--python-version", "3.11"]


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="script/lock", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--upgrade", action="store_true", help="take the newest version of everything")
    extra = ["--upgrade"] if parser.parse_args(arguments).upgrade else []
    progress = Progress()
    environment.ensure(data=prepare_data_folder(), progress=progress)
    with progress.step("requirements.lock"):
        _compile("pyproject.toml", *extra, "--output-file", "requirements.lock")
    for group in ("dev", "postgres", "redis", "beancount"):
        with progress.step(f"script/locks/{group}.lock"):
            output = str((LOCKS / f"{group}.lock").relative_to(ROOT))
            _compile("--group", group, "--constraint", "requirements.lock", *extra, "--output-file", output)
    with progress.step("script/locks/uv.lock"):
        _compile("-", *extra, "--output-file", "script/locks/uv.lock", stdin=UV_REQUIREMENT)
    with progress.step("tests/node/package-lock.json") as step:
        step.detail = "" if node.renew_lock() else "(left as it is: npm could not)"
    return 0


def _compile(*arguments: str, stdin: str = "") -> None:
    argv = [str(environment.VENV / "bin" / "uv"), *COMPILE, *arguments]
    # Otherwise the head of each file would quote this command line, indexes and paths included.
    quiet_about_the_machine = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "script/lock"}
    done = subprocess.run(argv, cwd=ROOT, env=quiet_about_the_machine, input=stdin, text=True, check=False)
    if done.returncode != 0:
        raise Failure("uv could not resolve the requirements.", "Mend pyproject.toml or the network.")
