"""npm's packages are there whole, or the tests that need them say that they are not."""

import shutil
from pathlib import Path

import pytest

from script.bootstrap import node
from script.bootstrap.progress import Progress


@pytest.fixture
def wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is to be installed: nothing, which needs no network."""
    folder = tmp_path / "wanted"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "x", "version": "1.0.0"}')
    lock = '{"name": "x", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "x", "version": "1.0.0"}}}'
    (folder / "package-lock.json").write_text(lock)
    (folder / ".npmrc").write_text("")
    monkeypatch.setattr(node, "WANTED", folder)
    monkeypatch.setattr(node, "LOCK", folder / "package-lock.json")
    return folder


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm")
def test_they_are_installed_once(
    wanted: Path, data: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = node.ensure(data=data, progress=progress)
    folder = Path(found[node.FOLDER_VARIABLE]).parent
    assert folder.is_relative_to(data)
    monkeypatch.setattr(node, "_install", lambda folder, log: pytest.fail("was installed again"))
    assert node.ensure(data=data, progress=progress) == found


def test_without_npm_the_rest_goes_on(
    wanted: Path, data: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert node.ensure(data=data, progress=progress) == {}
    assert not list(data.glob("node-*/finished"))


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm")
def test_what_is_not_as_it_is_locked_is_not_installed(wanted: Path, data: Path, progress: Progress) -> None:
    (wanted / "package.json").write_text('{"name": "x", "version": "1.0.0", "dependencies": {"y": "1"}}')
    assert node.ensure(data=data, progress=progress) == {}
    assert (data / "log" / "npm.log").read_text()
