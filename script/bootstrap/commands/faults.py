"""script/faults NAME [argument …]: runs script/trials/NAME.py, which breaks things and then counts the money.

PostgreSQL and Redis are its own; the trial may kill them. Its environment has DATABASE_URL and REDIS_URL.
"""

from script.bootstrap import environment, services
from script.bootstrap.checkout import ROOT, prepare_data_folder
from script.bootstrap.failure import Failure
from script.bootstrap.progress import Progress
from script.bootstrap.signals import run_in_foreground

TRIALS = ROOT / "script" / "trials"


def run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(f"{__doc__}\nThere are: {', '.join(_names())}.")
        return 0
    name, *rest = arguments
    if name not in _names():
        raise Failure(f"There is no trial {name}.", f"There are: {', '.join(_names())}.")
    progress = Progress()
    data = prepare_data_folder()
    environment.ensure("dev", data=data, progress=progress)
    dedicated = services.faulting(data)
    with dedicated.running(progress):
        env = {**environment.activated(), **dedicated.urls()}
        argv = [str(environment.PYTHON), str(TRIALS / f"{name}.py"), *rest]
        return run_in_foreground(argv, env=env, cwd=ROOT)


def _names() -> list[str]:
    return sorted(path.stem for path in TRIALS.glob("[!_]*.py"))
