"""What a request asks to be allowed; pure.

Grammar: https://distribution.github.io/distribution/spec/auth/scope/
"""

from typing import Final

Scopes = tuple[str, ...]
"""Scopes of one request; the first is that of the repository it goes to, since some services read only that."""

CATALOG: Final[Scopes] = ("registry:catalog:*",)


def pull(path: str) -> Scopes:
    """What reading from a repository takes."""
    return (f"repository:{path}:pull",)


def push(path: str, mount_from: str | None = None) -> Scopes:
    """What writing to a repository takes, and with `mount_from` what mounting from another takes besides."""
    writing = f"repository:{path}:pull,push"
    if mount_from is None or mount_from == path:
        return (writing,)
    return (writing, f"repository:{mount_from}:pull")


def asked_by(challenge_scope: str) -> Scopes:
    """The scopes in a challenge, which joins them by spaces."""
    return tuple(challenge_scope.split())
