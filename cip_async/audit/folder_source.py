"""Promoter manifests in a folder, thin ones, or in one plain file."""

from pathlib import Path

from anyio import to_thread

from cip_async.audit.keeper import Manifests
from cip_async.audit.wanted import Wanted, wanted
from cip_async.errors import ManifestsUnavailable
from cip_async.manifests.tree import load_manifests
from cip_async.planning.pairs import wanted_pairs


class FolderSource:
    """Reads a folder anew each time: files do not tell reliably whether they changed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, held: str | None) -> Manifests:
        """Read the folder as it is now.

        Raises:
            InvalidManifests: what is there is not valid.
            ManifestsUnavailable: there is nothing.
        """
        del held
        return Manifests(wanted=await to_thread.run_sync(read_wanted, self._path), revision="")


def read_wanted(path: Path) -> Wanted:
    """Read a folder of thin promoter manifests, or a plain one; blocks.

    Raises:
        InvalidManifests: what is there is not valid.
        ManifestsUnavailable: there is nothing, or nothing that can be read.
    """
    try:
        if path.is_dir():
            return wanted(wanted_pairs(load_manifests(thin_manifest_dir=path)))
        if path.is_file():
            return wanted(wanted_pairs(load_manifests(manifest=path)))
    except OSError as error:
        raise ManifestsUnavailable(str(path), f"cannot be read: {error.strerror}") from error
    raise ManifestsUnavailable(str(path), "there is no such file or folder")
