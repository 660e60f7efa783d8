"""Promoter manifests are read from a folder or a file as they are at that moment."""

from pathlib import Path

import pytest

from cip_async.audit.folder_source import FolderSource
from cip_async.errors import InvalidManifests, ManifestsUnavailable
from tests.unit.audit.test_wanted import ONE, TWO, index

pytestmark = pytest.mark.anyio


async def digests(path: Path) -> int:
    read = await FolderSource(path).read(None)
    assert read is not None
    return read.wanted.digests


async def test_a_folder_is_read_anew_and_told_if_it_wants_something_else(tmp_path: Path) -> None:
    index(tmp_path, ("gcr.io/staging", {ONE: ["v1"]}))
    source = FolderSource(tmp_path)
    first = await source.read(None)
    assert first is not None
    images = tmp_path / "images/0/images.yaml"
    images.write_text(f"# nothing else\n{images.read_text()}")
    assert await source.read(first.revision) is None
    images.write_text(f'{images.read_text()}    "{TWO}": []\n')
    second = await source.read(first.revision)
    assert second is not None
    assert (first.wanted.digests, second.wanted.digests) == (1, 2)
    assert first.revision != second.revision


async def test_a_file_is_a_plain_manifest(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yaml"
    registries = "registries:\n- {name: gcr.io/staging, src: true}\n- {name: gcr.io/prod}\n"
    path.write_text(f'{registries}images:\n- name: app\n  dmap:\n    "{ONE}": []\n')
    assert await digests(path) == 1


async def test_what_is_not_there_or_not_valid_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestsUnavailable, match="there is no such file or folder"):
        await FolderSource(tmp_path / "missing").read(None)
    with pytest.raises(InvalidManifests):
        await FolderSource(tmp_path).read(None)


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> None:
    """Here something may: the test itself writes small files."""
