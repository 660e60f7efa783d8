"""How the accounts of registry entries stand with their registries; pure.

An account that its first answer from an entry refuses will be refused for all of it, so nothing more is asked there.
One that was let in before is refused for one repository only. Reading and writing are apart.

Permissions: https://cloud.google.com/artifact-registry/docs/access-control#roles
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from cip_async.errors import CredentialError
from cip_async.reference import Host, RegistryPath, Repository
from cip_async.registry.credentials.entries import EntryMap

REFUSALS: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_LACKING: Final = {
    False: ("read", "artifactregistry.repositories.downloadArtifacts (role Artifact Registry Reader)"),
    True: ("write", "artifactregistry.repositories.uploadArtifacts (role Artifact Registry Writer)"),
}


class Standing:
    """Remembers who was let in where, and who was refused."""

    def __init__(self) -> None:
        self._entries: EntryMap[RegistryPath] = EntryMap()
        self._admitted: set[tuple[RegistryPath, bool]] = set()
        self._refused: dict[tuple[RegistryPath, bool], str] = {}

    def begin(self, entries: Iterable[RegistryPath]) -> None:
        """Know `entries`, and of their standing nothing."""
        self._entries = EntryMap()
        for path in entries:
            self._entries.put(path, path)
        self._admitted.clear()
        self._refused.clear()

    def check(self, host: Host, repository: Repository | None, *, write: bool) -> None:
        """Refuse what its registry entry would refuse.

        Raises:
            CredentialError: it refused the first of its kind.
        """
        key = self._key(host, repository, write) if self._refused else None
        if key is not None and key in self._refused:
            raise CredentialError(host, self._refused[key])

    def admitted(self, host: Host, repository: Repository | None, *, write: bool) -> None:
        """The registry answered a request as it should."""
        key = self._key(host, repository, write)
        if key is not None:
            self._admitted.add(key)

    def refused(
        self, host: Host, repository: Repository | None, *, write: bool, owner: str, status: int, said: str
    ) -> CredentialError | None:
        """What to tell of a refusal of `owner`; None if it says nothing of the entry as a whole.

        Nobody in particular has no standing, and is refused request by request.
        """
        key = self._key(host, repository, write)
        if not owner or key is None or key in self._admitted:
            return None
        verb, permission = _LACKING[write]
        if status == HTTPStatus.UNAUTHORIZED:
            told = f"{key[0]} does not accept {owner} ({said}); the account may be disabled or deleted"
        else:
            told = f"{owner} may not {verb} {key[0]} ({said}); it probably lacks {permission}"
        self._refused[key] = told
        return CredentialError(host, told)

    def _key(self, host: Host, repository: Repository | None, write: bool) -> tuple[RegistryPath, bool] | None:
        found = self._entries.of(host, repository) if repository is not None else None
        return None if found is None else (found[0], write)
