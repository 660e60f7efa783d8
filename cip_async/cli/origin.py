"""Which commit a build was made from.

A wheel carries it in a file; a checkout is asked with git. The build hook loads this module by its path, before
anything is installed, so it imports the standard library alone.
"""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = Path(__file__).parents[1]
RECORD: Final = "origin.json"
"""The file in the package that holds the origin of a build."""

_GIT_TIMEOUT_S: Final = 10.0
"""Reading one commit takes milliseconds; a hanging network file system must not hang a build."""


class Origin(NamedTuple):
    """The commit, ending in `-dirty` if files differed from it, and when it was made, in UTC, as ISO 8601."""

    commit: str
    date: str | None


def origin() -> Origin | None:
    """The origin of this program; None if neither its build nor a checkout tells."""
    return recorded(PACKAGE) or of_checkout(PACKAGE.parent)


def recorded(package: Path) -> Origin | None:
    """What the build of an installed package wrote down."""
    try:
        written = json.loads((package / RECORD).read_bytes())
    except FileNotFoundError:
        return None
    return Origin(commit=written["commit"], date=written["date"])


def of_checkout(folder: Path) -> Origin | None:
    """What git tells of a folder that is the top of a checkout."""
    git = shutil.which("git")
    if git is None or not (folder / ".git").exists():
        return None
    commit = _told(git, folder, "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty")
    made = _told(git, folder, "show", "--no-patch", "--format=%ct", "HEAD")
    if commit is None or made is None:
        return None
    return Origin(commit=commit, date=_iso(datetime.fromtimestamp(int(made), UTC)))


def given(commit: str, date: str) -> Origin | None:
    """What whoever starts a build says of it, where git cannot be asked; an empty text is nothing said.

    Raises:
        ValueError: The date is none of ISO 8601.
    """
    if not commit:
        return None
    return Origin(commit=commit, date=_iso(datetime.fromisoformat(date).astimezone(UTC)) if date else None)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _told(git: str, folder: Path, *arguments: str) -> str | None:
    # Inside a git hook, variables name another repository. Locks are for those who change something.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        ended = subprocess.run(  # noqa: S603 - no shell, and constant arguments
            [git, "-C", str(folder), *arguments],
            env={**env, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ended.stdout.strip()
