"""Promoter manifests as they were at a revision of their git repository, read without touching the work tree."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import attrs

from cip_async.errors import InvalidSettings
from cip_async.manifests.folder import Unreadable
from cip_async.manifests.layout import Parts

_GIT_S: Final = 60
_FILE_MODES: Final = frozenset({"100644", "100755"})


@attrs.frozen
class _Entry:
    mode: str
    identity: str
    size_bytes: int


class GitFolder:
    """A folder at a revision, as `Folder` is one on disk. Links are not followed: they are told as unreadable."""

    def __init__(self, revision: str, folder: Path) -> None:
        """Look at `folder`, which is in the work tree of a git repository, as it was at `revision`.

        Raises:
            InvalidSettings: there is no git, no repository or no such revision.
        """
        self._folder = folder.resolve()
        commit = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if commit is None:
            expected = f"a revision of the git repository that {folder} is in"
            raise InvalidSettings("the revision", revision, expected)
        self.root = Path(f"{revision}:{folder}")
        listed = self._git("ls-tree", "-r", "-l", "-z", commit.decode().strip(), "--", ".") or b""
        self._entries = dict(map(_entry, filter(None, listed.split(b"\0"))))

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing in the folder, or no such folder."""
        return not self._entries

    def has(self, below: str) -> bool:
        """Whether there was a file of that name."""
        return below in self._entries

    def files(self, is_wanted: Callable[[str], bool], on_unreadable: Callable[[str, str], None]) -> Iterator[Parts]:
        """The files whose names are wanted, in this folder and all folders in it that are not hidden."""
        del on_unreadable  # what is not readable at a revision is not there
        for below in self._entries:
            parts = tuple(below.split("/"))
            if is_wanted(parts[-1]) and not any(part.startswith(".") for part in parts[:-1]):
                yield parts

    def read(self, below: str, limit_bytes: int) -> bytes:
        """The content of a file of this folder.

        Raises:
            Unreadable: it is not there, no regular file, or larger than `limit_bytes`.
        """
        entry = self._entries.get(below)
        if entry is None:
            raise Unreadable("is not in that revision")
        if entry.mode not in _FILE_MODES:
            raise Unreadable("is not a file in that revision")
        if entry.size_bytes > limit_bytes:
            raise Unreadable(f"is larger than {limit_bytes:,} bytes")
        content = self._git("cat-file", "blob", entry.identity)
        if content is None:
            raise Unreadable("cannot be read from the git repository")
        return content

    def _git(self, *arguments: str) -> bytes | None:
        """What a git command prints; None if it fails."""
        try:
            ended = subprocess.run(  # noqa: S603 - no shell, and what a user names comes after --end-of-options
                ["git", "-C", str(self._folder), *arguments],  # noqa: S607 - the git of whoever runs this
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_GIT_S,
                check=False,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
            )
        except ValueError:  # a NUL, or half of a character: git could not be told, and has nothing of that name
            return None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InvalidSettings("git", "not usable", f"a git program that answers: {error}") from error
        return ended.stdout if ended.returncode == 0 else None


def _entry(line: bytes) -> tuple[str, _Entry]:
    about, _, name = line.partition(b"\t")
    mode, _, identity, size = about.decode().split()
    return os.fsdecode(name), _Entry(mode, identity, int(size) if size.isdigit() else 0)
