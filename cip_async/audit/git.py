"""Calls of the program `git`: without a shell, without prompts, with a time limit, and only to allowed places."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import anyio

from cip_async.errors import InvalidSettings, ManifestsUnavailable
from cip_async.reporting.printable import printable

_SCP_FORM: Final = re.compile(r"[A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:[\w~/][\w.~/+-]*", re.ASCII)
"""`git@github.com:owner/name.git`, which is ssh."""
_SCHEMES: Final = ("https", "ssh", "file")
_MOST_OUTPUT: Final = 64 * 1024
_LONGEST_REASON: Final = 300
_ELSEWHERE: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_WORK_TREE",
        "SSH_ASKPASS",
    }
)
"""Variables that would lead git to another repository than it is told, or to a window that asks for a password."""


class Git:
    """The program `git` for one repository.

    Raises:
        InvalidSettings: `url` is not of an allowed form, or has a password in it.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url = url
        self._timeout_s = timeout_s
        self._safely = _safely(_checked_scheme(url))

    async def run(self, *arguments: str) -> str:
        """Run git to its end, and return what it printed.

        Raises:
            ManifestsUnavailable: it failed, took too long, or is not installed.
        """
        output = bytearray()
        try:
            process = await anyio.open_process(
                ["git", *self._safely, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(os.environ),
                start_new_session=True,
            )
        except OSError as error:
            raise ManifestsUnavailable(self.url, f"cannot run git: {error.strerror}") from error
        try:
            with anyio.fail_after(self._timeout_s):
                if process.stdout is not None:
                    async for piece in process.stdout:
                        output += piece[: _MOST_OUTPUT - len(output)]
                code = await process.wait()
        except TimeoutError as error:
            raise ManifestsUnavailable(self.url, f"git took longer than {self._timeout_s:g} s") from error
        finally:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)  # with the programs it started
                await process.aclose()
        text = output.decode(errors="replace")
        if code != 0:
            raise ManifestsUnavailable(self.url, f"git ended with {code}: {_reason(text)}")
        return text


def _checked_scheme(url: str) -> str:
    if _SCP_FORM.fullmatch(url):
        return "ssh"
    problem = InvalidSettings("repository URL", _without_user(url), "https://…, ssh://…, file:///… or user@host:path")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise problem from None
    is_place = bool(host) != (parts.scheme == "file") and not host.startswith("-") and len(parts.path) > 1
    if parts.scheme not in _SCHEMES or not is_place or not url.isprintable() or " " in url:
        raise problem
    if parts.password is not None:
        expected = "a URL without a password: git takes one from a credential helper"
        raise InvalidSettings("repository URL", _without_user(url), expected)
    if (parts.username or "").startswith("-"):
        raise problem
    return parts.scheme


def _without_user(url: str) -> str:
    return re.sub(r"//[^/]*@", "//…@", url)


def _safely(scheme: str) -> tuple[str, ...]:
    """Settings of git that keep it to one way of access, and from running anything that the repository brings."""
    settings = {
        "protocol.allow": "never",
        f"protocol.{scheme}.allow": "always",
        "core.hooksPath": os.devnull,
        "core.fsmonitor": "false",
        "submodule.recurse": "false",
        "gc.auto": "0",
        "maintenance.auto": "false",
        "advice.detachedHead": "false",
    }
    return tuple(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """The operator's environment, so that credential helpers, proxies and authorities work, and nobody is asked."""
    kept = {name: value for name, value in given.items() if name not in _ELSEWHERE and not name.startswith("GIT_TRACE")}
    return {
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GCM_INTERACTIVE": "never",
        "LC_ALL": "C",
    }


def _reason(text: str) -> str:
    """The first line in which git tells what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))] or lines
    return printable(telling[0])[:_LONGEST_REASON] if telling else "it did not say why"
