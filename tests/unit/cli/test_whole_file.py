"""Files that are there whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cip_async.cli.whole_file import check_replaceable, whole_file


def write(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)


def test_nothing_is_there_before_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "images.yaml"
    path.write_text("old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_that_is_killed_in_the_middle_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "images.yaml"
    path.write_text("old")
    program = (
        "import os, signal, sys; from pathlib import Path; from cip_async.cli.whole_file import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'half of'); file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "images.yaml"
    path.touch()
    path.chmod(0o640)
    write(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "images.yaml"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        check_replaceable(path)
    with pytest.raises(PermissionError):
        write(path, b"new")
    assert path.read_text() == "old"
