"""Files and folders are read with bounds, and never beyond the folder that was named."""

import os
from pathlib import Path

import pytest

from cip_async.manifests.folder import Folder, Unreadable, read
from tests.unit.manifests.samples import write

LIMIT = 10


def reason(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        read(path, LIMIT)
    return str(caught.value)


def found(root: Path) -> tuple[list[str], list[tuple[str, str]]]:
    unreadable: list[tuple[str, str]] = []
    files = Folder(root).files(lambda name: name == "x.yaml", lambda path, why: unreadable.append((path, why)))
    return sorted("/".join(parts) for parts in files), unreadable


def test_a_file_up_to_the_limit_is_read_and_a_larger_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * LIMIT)
    assert read(path, LIMIT) == b"x" * LIMIT
    path.write_bytes(b"x" * (LIMIT + 1))
    assert reason(path) == "is larger than 10 bytes"


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    assert reason(Path("/dev/zero")) == "is not a file"


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reason(tmp_path / "pipe") == "is not a file"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert reason(tmp_path) == "cannot be read: Is a directory"


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    assert reason(tmp_path / "f") == "cannot be read: No such file or directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch(mode=0)
    assert reason(path) == "cannot be read: Permission denied"


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/dev/fd").iterdir()))
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "missing"):
        reason(path)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_files_are_found_at_every_depth_but_not_in_hidden_folders(tmp_path: Path) -> None:
    write(tmp_path, {"x.yaml": "", "a/x.yaml": "", "a/b/c/x.yaml": "", "a/y.yaml": "", ".git/x.yaml": ""})
    assert found(tmp_path) == (["a/b/c/x.yaml", "a/x.yaml", "x.yaml"], [])


def test_a_file_behind_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml": "text"})
    (tmp_path / "b").mkdir()
    (tmp_path / "b/x.yaml").symlink_to("../a/x.yaml")
    assert found(tmp_path) == (["a/x.yaml", "b/x.yaml"], [])
    assert Folder(tmp_path).read("b/x.yaml", LIMIT) == b"text"


def test_a_folder_that_is_itself_behind_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.yaml": "text"})
    (tmp_path / "link").symlink_to("a")
    assert found(tmp_path / "link") == (["x.yaml"], [])
    assert Folder(tmp_path / "link").read("x.yaml", LIMIT) == b"text"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd"])
def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, target: str) -> None:
    write(tmp_path, {"secret": "s", "root/y": ""})
    (tmp_path / "root/x.yaml").symlink_to(target)
    with pytest.raises(Unreadable, match=r"^is a link that leads out of the folder$"):
        Folder(tmp_path / "root").read("x.yaml", LIMIT)


@pytest.mark.parametrize("name", ["manifests", "images"])
def test_a_link_to_a_folder_is_followed_where_the_layout_has_one(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"else/x.yaml": ""})
    (tmp_path / name).mkdir()
    (tmp_path / name / "foo").symlink_to("../else")
    (tmp_path / "other").symlink_to("else")
    assert found(tmp_path) == (["else/x.yaml", f"{name}/foo/x.yaml"], [])


def test_a_folder_of_the_layout_outside_is_told_and_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"outside/foo/x.yaml": "", "root/x.yaml": ""})
    (tmp_path / "root/manifests").symlink_to("../outside")
    assert found(tmp_path / "root") == (["x.yaml"], [("manifests", "is a link that leads out of the folder")])


def test_links_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, {"manifests/a/x.yaml": ""})
    (tmp_path / "manifests/up").symlink_to("..")
    (tmp_path / "manifests/self").symlink_to("self")
    (tmp_path / "manifests/a/self.yaml").symlink_to("self.yaml")
    assert found(tmp_path)[0] == ["manifests/a/x.yaml", "manifests/up/manifests/a/x.yaml"]
    with pytest.raises(Unreadable, match=r"circle|Too many levels"):
        Folder(tmp_path).read("manifests/a/self.yaml", LIMIT)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir(mode=0)
    try:
        assert found(tmp_path) == ([], [("manifests", "cannot be read: Permission denied")])
    finally:
        (tmp_path / "manifests").chmod(0o700)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert found(tmp_path / "missing") == ([], [("", "cannot be read: No such file or directory")])
