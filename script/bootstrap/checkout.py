"""Where this checkout and its data live."""

import hashlib
import os
import shutil
from pathlib import Path

from script.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "script" / "locks"
MARKER = "README.txt"
NEEDED_BYTES = 1_000_000_000


def data_folder() -> Path:
    """Outside the work tree, and as root outside /root, which PostgreSQL's user may not enter."""
    if chosen := os.environ.get("COUNTINGHOUSE_DATA"):
        return Path(chosen).expanduser().absolute()
    name = f"{ROOT.name}-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
    return _data_home() / "countinghouse" / name


def _data_home() -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def prepare_data_folder() -> Path:
    """Makes the folder, after everything that could be wrong with it has been ruled out."""
    folder = data_folder()
    choose = "Choose another folder: COUNTINGHOUSE_DATA=/some/folder script/server."
    above = next(parent for parent in [folder, *folder.parents] if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise Failure(f"The data folder {folder} cannot be written to.", choose)
    require_space(above, f"Free some space. {choose}")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise Failure(f"The data folder {folder} holds files that are not Countinghouse's.", choose)
    folder.mkdir(parents=True, exist_ok=True)
    # Passwords inside are 0600; the folder itself must let PostgreSQL's user through.
    folder.chmod(0o711)
    marker = folder / MARKER
    if not marker.exists():
        marker.write_text(f"Data of the Countinghouse checkout {ROOT}; script/server --reset deletes it.\n")
    return folder


def require_space(folder: Path, mend: str) -> None:
    if shutil.disk_usage(folder).free < NEEDED_BYTES:
        raise Failure(f"Less than 1 GB is free where {folder} is.", mend)
