"""Keeps promoter manifests fresh: one refresh at a time, not too often, and the last good ones kept."""

import time
from collections.abc import Callable
from typing import Final, Never, Protocol

import anyio
import attrs

from cip_async.audit.happenings import ManifestsChecked, ManifestsFailed, ManifestsRead, Tell
from cip_async.audit.limits import AuditLimits
from cip_async.audit.wanted import Wanted
from cip_async.errors import CipError

_RETRY_S: Final = 10.0
"""Between two looks while there are no manifests at all."""
_LONGEST_FAILURE: Final = 2000
"""Of invalid manifests, there may be thousands of problems to tell."""


@attrs.frozen(kw_only=True)
class Manifests:
    """What promoter manifests want, and which revision of them."""

    wanted: Wanted
    revision: str


class ManifestSource(Protocol):
    """Where promoter manifests are."""

    async def read(self, held: str | None) -> Manifests | None:
        """Read them; None if `held` is still their revision.

        Raises:
            InvalidManifests: they are not valid.
            ManifestsUnavailable: they cannot be read.
        """
        ...


class ManifestKeeper:
    """Holds the last good promoter manifests. `keep` must run for as long as they are wanted.

    `clock` gives seconds since the epoch.
    """

    def __init__(
        self, source: ManifestSource, limits: AuditLimits, tell: Tell, clock: Callable[[], float] = time.time
    ) -> None:
        self.manifests: Manifests | None = None
        self.failure: str | None = None
        """Why the last refresh failed; None if it did not."""
        self._source = source
        self._limits = limits
        self._tell = tell
        self._clock = clock
        self._good_at = float("-inf")
        self._tried_at = float("-inf")
        self._asked_for = float("-inf")
        self._asked = anyio.Event()
        self._ended = anyio.Event()

    @property
    def age_s(self) -> float | None:
        """How old the knowledge of the manifests is; None where there is none."""
        return None if self.manifests is None else max(0.0, self._clock() - self._good_at)

    def is_as_new_as(self, moment: float) -> bool:
        """Whether the manifests at hand were looked at after `moment`, in seconds since the epoch."""
        return self._good_at >= moment

    async def refreshed_since(self, moment: float) -> None:
        """Wait until a refresh that began after `moment` has ended, well or not; ask for one if need be."""
        self._asked_for = max(self._asked_for, moment)
        self._asked.set()
        while self._tried_at < moment:
            await self._ended.wait()

    async def keep(self) -> Never:
        """Refresh when it is time or somebody asks, for ever."""
        while True:
            began, began_at = anyio.current_time(), self._clock()
            await self._refresh(began_at)
            self._tried_at = began_at
            self._ended.set()
            self._ended = anyio.Event()
            await self._until_asked()
            await anyio.sleep_until(began + self._limits.refresh_pause_s)

    async def _refresh(self, began_at: float) -> None:
        try:
            read = await self._source.read(self.manifests.revision if self.manifests else None)
        except CipError as error:
            self.failure = str(error)[:_LONGEST_FAILURE]
            self._tell(ManifestsFailed(reason=self.failure))
            return
        self._good_at = began_at
        self.failure = None
        if read is not None:
            self.manifests = read
            wanted = read.wanted
            self._tell(ManifestsRead(revision=read.revision, destinations=wanted.destinations, digests=wanted.digests))
        elif self.manifests is not None:
            self._tell(ManifestsChecked(revision=self.manifests.revision))

    async def _until_asked(self) -> None:
        """Wait for a wish that the last refresh did not meet, or for the time to look again."""
        longest_s = self._limits.poll_s if self.manifests else min(_RETRY_S, self._limits.poll_s)
        with anyio.move_on_after(longest_s):
            while self._asked_for <= self._tried_at:
                self._asked = anyio.Event()
                await self._asked.wait()
