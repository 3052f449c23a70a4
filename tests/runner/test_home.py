"""The folder of an installation."""

import os
import shutil
from pathlib import Path

import pytest

from runner.errors import StopError
from runner.home import LONGEST_SOCKET_FOLDER, Home


def test_the_secret_is_made_once_and_only_the_owner_reads_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    home.prepare()
    secret = home.secret.read_text()
    home.prepare()
    assert home.secret.read_text() == secret
    assert len(secret.strip()) == 64
    assert home.secret.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_named_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The disk of the machine that tests cannot be filled; its answer is the one thing replaced here.
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 10, 200_000_000))
    with pytest.raises(StopError, match=r"only 0\.2 GB are free at .*make run ASSAY_HOME=/path/with/room"):
        Home(tmp_path).prepare()


def test_a_home_that_is_a_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StopError, match="make run ASSAY_HOME=/path/you/own"):
        Home(tmp_path / "file").prepare()


def test_a_long_path_gets_a_short_socket_folder_that_only_the_owner_enters(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 30))
    home.prepare()
    folder = home.socket_folder("pg")
    assert len(str(folder)) <= LONGEST_SOCKET_FOLDER
    assert folder.stat().st_mode & 0o777 == 0o700
    assert home.socket_folder("pg") == folder
    folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / ("long" * 30))
    home.prepare()
    folder = home.socket_folder("pg")
    os.chown(folder, 65534, -1)
    with pytest.raises(StopError, match="belongs to another user"):
        home.socket_folder("pg")
    folder.rmdir()


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    first, second = Home(tmp_path), Home(tmp_path)
    first.prepare()
    first.hold()
    assert second.is_held()
    with pytest.raises(StopError, match=rf"already runs on .* \(process {os.getpid()}\)"):
        second.hold()
    first.release()
    assert not second.is_held()
    second.hold()
    second.release()
