"""Promoter manifests in a folder, thin ones, or in one plain file."""

from pathlib import Path

from anyio import to_thread

from cip_async.audit.keeper import Manifests
from cip_async.audit.wanted import Wanted, wanted
from cip_async.errors import ManifestsUnavailable
from cip_async.manifests.tree import load_manifests
from cip_async.planning.pairs import wanted_pairs


class FolderSource:
    """Reads a folder anew each time: files do not tell reliably whether they changed.

    The fingerprint of what is wanted stands for a revision.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, held: str | None) -> Manifests | None:
        """Read the folder as it is now; None if it wants what it wanted before.

        Raises:
            InvalidManifests: what is there is not valid.
            ManifestsUnavailable: there is nothing.
        """
        found = await to_thread.run_sync(self._read)
        return None if found.revision == held else found

    def _read(self) -> Manifests:
        found = read_wanted(self._path)
        return Manifests(wanted=found, revision=found.fingerprint)


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
