"""The report's file: complete or not there."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cip_async.cli.report_file import check_writable, write_report
from cip_async.errors import FileProblem


def test_a_report_is_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    check_writable(path)
    assert list(tmp_path.iterdir()) == []
    write_report(path, ["{", "}\n"])
    assert path.read_text() == "{}\n"
    assert list(tmp_path.iterdir()) == [path]


def test_it_can_be_read_by_those_who_may_read_new_files(tmp_path: Path) -> None:
    path, other = tmp_path / "report.json", tmp_path / "other"
    write_report(path, [])
    other.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_a_report_cut_short_leaves_the_former_one(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "half a rep"
        raise KeyboardInterrupt

    path = tmp_path / "report.json"
    path.write_text("the former one")
    with pytest.raises(KeyboardInterrupt):
        write_report(path, pieces())
    assert path.read_text() == "the former one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "report.json"
    target.parent.mkdir()
    target.write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_report(link, ["new"])
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_device_is_written_to_and_not_replaced() -> None:
    null = Path("/dev/null")
    check_writable(null)
    write_report(null, ["nothing"])
    assert null.is_char_device()


def test_a_folder_that_is_not_there_is_found_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "report.json"
    with pytest.raises(FileProblem) as caught:
        check_writable(path)
    assert str(caught.value) == f"{path}: the report cannot be written: No such file or directory"


def test_a_folder_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="Is a directory"):
        check_writable(tmp_path)


def test_a_pipe_that_a_link_leads_to_is_written_to() -> None:
    program = (
        "from pathlib import Path; from cip_async.cli.report_file import check_writable, write_report; "
        "path = Path('/dev/stdout'); check_writable(path); write_report(path, ['{}'])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("{}", "")
