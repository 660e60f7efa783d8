"""Which requests may be sent at all: nothing writes to a source, and a dry run writes nothing anywhere; pure.

The transport asks before anything else happens, so no caller's mistake can get past.
"""

from collections.abc import Callable, Iterable
from typing import Final

import attrs

from cip_async.errors import WriteRefused
from cip_async.reference import Repository

_READS: Final = frozenset({"GET", "HEAD"})


def _as_written(repository: Repository) -> str:
    return str(repository)


@attrs.define
class Guard:
    """What may be written in one run.

    `writable` is False in a dry run. `place` says where a repository really is, so that a source is recognised
    under another name of its host too.
    """

    writable: bool
    place: Callable[[Repository], str] = _as_written
    _sources: set[str] = attrs.field(factory=set, init=False)

    def begin(self, sources: Iterable[Repository]) -> None:
        """Refuse all writes to `sources`, and to no others: those of an earlier run may be mirrors of this one."""
        self._sources = set(map(self.place, sources))

    def protect(self, sources: Iterable[Repository]) -> None:
        """Refuse all writes to `sources` too, until the next run begins."""
        self._sources.update(map(self.place, sources))

    def check(self, method: str, repository: Repository | None) -> None:
        """Refuse a request that must not be sent.

        Raises:
            WriteRefused: the request writes, and the run is dry, or its repository is a source or is not known.
        """
        if method in _READS:
            return
        if repository is None:
            raise WriteRefused(method, "an unnamed repository", "a write must name its repository")
        if self.place(repository) in self._sources:
            raise WriteRefused(method, str(repository), "it is a source of this promotion, and sources are read-only")
        if not self.writable:
            raise WriteRefused(method, str(repository), "this is a dry run")
