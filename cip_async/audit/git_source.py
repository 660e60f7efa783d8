"""Promoter manifests in a branch of a git repository, cloned with the program `git`.

Each changed revision is cloned anew, shallow, into a temporary folder that is gone when it has been read: nothing
grows, and nothing is left in a state that the next refresh would have to mend.
"""

import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Final

import anyio
from anyio import to_thread

from cip_async.audit.folder_source import read_wanted
from cip_async.audit.git import Git
from cip_async.audit.keeper import Manifests
from cip_async.audit.wanted import Wanted
from cip_async.errors import InvalidManifests, InvalidSettings, ManifestsUnavailable

_BRANCH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,200}", re.ASCII)
_REVISION: Final = r"^([0-9a-f]{40}(?:[0-9a-f]{24})?)\t"


class GitSource:
    """One branch of a repository, and the folder or file in it that holds promoter manifests.

    Raises:
        InvalidSettings: the URL, the branch or the path is none that can be used safely.
    """

    def __init__(self, url: str, *, branch: str, path: str, timeout_s: float) -> None:
        self._git = Git(url, timeout_s)
        self._branch = _checked_branch(branch)
        self._path = _checked_path(path)
        self._invalid: tuple[str, tuple[object, ...]] | None = None

    async def read(self, held: str | None) -> Manifests | None:
        """Clone the branch and read it; None if `held` is its revision.

        Raises:
            InvalidManifests: what is there is not valid.
            ManifestsUnavailable: the repository cannot be reached, or has no such branch or path.
        """
        newest = await self._newest()
        if newest == held:
            return None
        if self._invalid is not None and self._invalid[0] == newest:
            raise InvalidManifests(self._invalid[1])
        try:
            return await self._cloned()
        except InvalidManifests as error:
            self._invalid = newest, error.problems
            raise

    async def _cloned(self) -> Manifests:
        try:
            folder = Path(await to_thread.run_sync(tempfile.mkdtemp))
        except OSError as error:
            raise ManifestsUnavailable(self._git.url, f"no temporary folder: {error.strerror}") from error
        try:
            await self._git.run(
                "clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--template=",
                f"--branch={self._branch}", "--", self._git.url, str(folder),
            )  # fmt: skip
            revision = await self._git.run("-C", str(folder), "rev-parse", "--verify", "HEAD")
            return Manifests(wanted=await to_thread.run_sync(self._wanted, folder), revision=revision.strip())
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _newest(self) -> str:
        """The revision that the branch has now."""
        name = f"refs/heads/{self._branch}"
        output = await self._git.run("ls-remote", "--", self._git.url, name)
        told = re.search(f"{_REVISION}{re.escape(name)}$", output, re.ASCII | re.MULTILINE)
        if told is None:
            raise ManifestsUnavailable(self._git.url, f"there is no branch {self._branch}")
        return told[1]

    def _wanted(self, folder: Path) -> Wanted:
        root = folder.resolve()
        missing = ManifestsUnavailable(self._git.url, f"there is no {self._path} in the branch {self._branch}")
        try:
            path = (root / self._path).resolve(strict=True)
        except (OSError, RuntimeError):  # a loop of links is a RuntimeError before Python 3.13
            raise missing from None
        if not path.is_relative_to(root):
            raise missing
        try:
            return read_wanted(path)
        except InvalidManifests as error:  # told as a reader of the repository knows its files
            raise InvalidManifests(tuple(str(each).replace(f"{root}/", "") for each in error.problems)) from None


def _checked_branch(branch: str) -> str:
    # The rules of git-check-ref-format, and no more than names in use need.
    parts = branch.split("/")
    if (
        not _BRANCH.fullmatch(branch)
        or ".." in branch
        or any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    ):
        raise InvalidSettings("branch", branch, "the name of a branch, such as main")
    return branch


def _checked_path(path: str) -> PurePosixPath:
    checked = PurePosixPath(path)
    if checked.is_absolute() or ".." in checked.parts or not path.isprintable():
        raise InvalidSettings("manifest path", path, "a path below the root of the repository, such as registry.k8s.io")
    return checked
