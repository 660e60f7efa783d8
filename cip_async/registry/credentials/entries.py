"""Registry entries by the repositories below them; pure."""

from typing import Generic, TypeVar

from cip_async.reference import Host, RegistryPath, Repository

V = TypeVar("V")


class EntryMap(Generic[V]):
    """What belongs to a registry entry. A repository belongs to the entry with the longest path that it is below."""

    def __init__(self) -> None:
        self._values: dict[Host, dict[str, V]] = {}
        self._found: dict[Repository, tuple[RegistryPath, V] | None] = {}

    def put(self, path: RegistryPath, value: V) -> None:
        """Keep `value` for `path`, instead of what was there."""
        self._values.setdefault(path.host, {})[path.prefix] = value
        self._found.clear()

    def of(self, host: Host, repository: Repository | None) -> tuple[RegistryPath, V] | None:
        """The entry of `repository`, or the one that is all of `host`, and what belongs to it.

        It is asked for each request, so what was found is remembered.
        """
        if not self._values:
            return None
        if repository is None:
            return self._find(host, "")
        try:
            return self._found[repository]
        except KeyError:
            found = self._found[repository] = self._find(host, repository.path)
            return found

    def _find(self, host: Host, prefix: str) -> tuple[RegistryPath, V] | None:
        values = self._values.get(host)
        if not values:
            return None
        while prefix not in values:
            if not prefix:
                return None
            prefix = prefix.rpartition("/")[0]
        return RegistryPath(host, prefix), values[prefix]
