"""Snapshots from files: what was written is read again, and what is no snapshot is told with its line."""

import os
from pathlib import Path

import pytest
from anyio import to_thread

from cip_async.errors import FileProblem, InvalidManifests
from cip_async.inventory.reading import file_snapshot, is_promoter_manifest
from cip_async.inventory.text import Output

pytestmark = pytest.mark.anyio

A, B = (f"sha256:{letter * 64}" for letter in "ab")
YAML = f"""\
- name: etcd
  dmap:
    "{A}": ["1.10", "latest"]
    "{B}": []
- name: foo/bar
  dmap:
    "{B}": ["v1"]
"""


async def written(folder: Path, text: str) -> Path:
    path = folder / "snapshot"
    await to_thread.run_sync(path.write_text, text)
    return path


@pytest.mark.parametrize("output", list(Output))
async def test_each_format_is_read_as_it_was_written(output: Output, tmp_path: Path) -> None:
    async with file_snapshot(await written(tmp_path, YAML)) as snapshot:
        text = "".join([piece async for piece in snapshot.text(output)])
    async with file_snapshot(await written(tmp_path, text)) as snapshot:
        assert "".join([piece async for piece in snapshot.text(Output.YAML)]) == YAML


async def test_every_wrong_line_of_csv_is_told(tmp_path: Path) -> None:
    path = await written(tmp_path, f"app@{A},app:v1\napp@sha256:12,app:v1\napp@{A},other:v1\n")
    with pytest.raises(InvalidManifests) as told:
        async with file_snapshot(path):
            pass
    second, third = told.value.problems
    assert str(second).startswith(f"{path}:2:1: digest 'sha256:12' is malformed")
    assert str(third).startswith(f"{path}:3:1: line 'app@{A},other:v1' is malformed: expected image@digest,image:tag")


async def test_a_file_that_is_something_else_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidManifests, match=r":1:1: "):
        async with file_snapshot(await written(tmp_path, "hello\n")):
            pass


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read: No such file"):
        async with file_snapshot(tmp_path / "nothing"):
            pass


async def test_an_empty_snapshot_is_read(tmp_path: Path) -> None:
    async with file_snapshot(await written(tmp_path, "[]\n")) as snapshot:
        assert snapshot.counts.images == 0


async def test_a_file_without_end_and_a_pipe_without_a_writer_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(FileProblem) as refused:
            async with file_snapshot(path):
                pass
        assert str(refused.value) == f"{path}: is not a file"
        with pytest.raises(FileProblem, match="is not a file"):
            await to_thread.run_sync(is_promoter_manifest, path)


async def test_a_line_that_is_too_long_is_told_once_and_in_short(tmp_path: Path) -> None:
    path = await written(tmp_path, f"etcd@{A},-\n{'x' * 100_000}\n{'y' * 9_000}")
    with pytest.raises(InvalidManifests) as refused:
        async with file_snapshot(path):
            pass
    expected = "expected image@digest,image:tag or image@digest,-"
    assert str(refused.value).splitlines() == [
        f"{path}:{line}:1: line '{letter * 200}…' is malformed: {expected}" for line, letter in ((2, "x"), (3, "y"))
    ]
