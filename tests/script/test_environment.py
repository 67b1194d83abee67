"""A virtual environment counts as good only when all of it was installed."""

from pathlib import Path

import pytest

from script.bootstrap import checkout, environment
from script.bootstrap.failure import Failure
from script.bootstrap.progress import Progress


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment in another place, whose packages need no network."""
    folder = tmp_path / "venv"
    locks = {name: tmp_path / f"{name}.lock" for name in environment.LOCK_FILES}
    for name, lock in locks.items():
        lock.write_text(f"{name}==1")
    monkeypatch.setattr(environment, "VENV", folder)
    monkeypatch.setattr(environment, "PYTHON", folder / "python")
    monkeypatch.setattr(environment, "STAMP", folder / "stamp.json")
    monkeypatch.setattr(environment, "LOCK_FILES", locks)
    monkeypatch.setattr(environment, "_create", lambda: _create(folder))
    monkeypatch.setattr(environment, "_install", lambda names, log: True)
    return folder


def _create(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "python").touch()


def test_it_is_made_once(venv: Path, data: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not environment.is_current(("dev",))
    environment.ensure("dev", data=data, progress=progress)
    assert environment.is_current(("dev",))
    monkeypatch.setattr(environment, "_build", lambda names, log: pytest.fail("was made again"))
    environment.ensure("dev", data=data, progress=progress)


def test_another_group_is_added_and_none_goes(venv: Path, data: Path, progress: Progress) -> None:
    environment.ensure("dev", data=data, progress=progress)
    environment.ensure("redis", data=data, progress=progress)
    assert environment.is_current(("dev", "redis"))
    assert not environment.is_current(("postgres",))


@pytest.mark.parametrize("name", ["runtime", "dev"])
def test_a_changed_lock_file_counts(venv: Path, data: Path, progress: Progress, name: str) -> None:
    environment.ensure("dev", data=data, progress=progress)
    environment.LOCK_FILES[name].write_text("else==2")
    assert not environment.is_current(("dev",))


def test_another_python_counts(
    venv: Path, data: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure(data=data, progress=progress)
    monkeypatch.setattr(environment, "_python_version", lambda: "3.99")
    assert not environment.is_current(())


def test_a_failed_install_leaves_no_stamp(
    venv: Path, data: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.ensure(data=data, progress=progress)
    monkeypatch.setattr(environment, "_install", lambda names, log: False)
    with pytest.raises(Failure, match="Check the network"):
        environment.ensure("dev", data=data, progress=progress)
    assert not environment.STAMP.exists()


def test_a_full_disk_is_found_before_anything_is_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = data / "new"
    monkeypatch.setenv("COUNTINGHOUSE_DATA", str(folder))
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 999_999_999}))
    with pytest.raises(Failure, match="Less than 1 GB is free"):
        checkout.prepare_data_folder()
    assert not folder.exists()


def test_a_read_only_folder_is_found_before_anything_is_made(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTINGHOUSE_DATA", str(data / "new"))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(Failure, match="cannot be written to"):
        checkout.prepare_data_folder()
    assert list(data.iterdir()) == []
