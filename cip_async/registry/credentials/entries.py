"""Registry entries by the repositories below them; pure."""

from typing import Generic, TypeVar

from cip_async.reference import Host, RegistryPath, Repository

V = TypeVar("V")


class EntryMap(Generic[V]):
    """What belongs to a registry entry. A repository belongs to the entry with the longest path that it is below."""

    def __init__(self) -> None:
        self._values: dict[Host, dict[str, V]] = {}

    def put(self, path: RegistryPath, value: V) -> None:
        """Keep `value` for `path`, instead of what was there."""
        self._values.setdefault(path.host, {})[path.prefix] = value

    def of(self, host: Host, repository: Repository | None) -> tuple[RegistryPath, V] | None:
        """The entry of `repository`, or the one that is all of `host`, and what belongs to it."""
        values = self._values.get(host)
        if not values:
            return None
        prefix = repository.path if repository is not None else ""
        while prefix not in values:
            if not prefix:
                return None
            prefix = prefix.rpartition("/")[0]
        return RegistryPath(host, prefix), values[prefix]
