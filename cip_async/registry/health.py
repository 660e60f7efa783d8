"""When a host is given up, or one class of requests to it, so that it fails in bounded time; pure."""

import math
from typing import Final

import attrs

from cip_async.reference import Repository
from cip_async.settings import Retries

_A_FEW: Final = 3
_FEWER: Final = 6
_LONG: Final = 2
"""A host is also given up for so many times fewer failures, but for a few at least, where their row lasts so many
times as long: three attempts that each wait a minute for an answer."""


@attrs.define
class HostHealth:
    """Failures of one host in a row. Any answer that is not a server failure ends the row.

    A host is given up when it failed often and for long: a burst of parallel failures alone, as when a
    registry restarts, is no reason yet. Where few requests are made, or each waits long for an answer, there are few
    failures, so in the end a few are enough.
    """

    _failures: int = 0
    _since: float = math.inf
    given_up: bool = False
    cause: str = ""
    """What the last failure was."""

    def answered(self) -> None:
        """The host gave an answer."""
        self._failures = 0
        self._since = math.inf

    def failed(self, now: float, limits: Retries, cause: str) -> None:
        """The host failed to answer, or answered with a server failure; `now` is in seconds."""
        self._failures += 1
        self.cause = cause
        self._since = min(self._since, now)
        lasted_s = now - self._since
        often = self._failures >= limits.host_failures and lasted_s >= limits.host_silence_s
        few = max(_A_FEW, limits.host_failures // _FEWER)
        long = self._failures >= few and lasted_s >= _LONG * limits.host_silence_s
        self.given_up = self.given_up or often or long

    @property
    def is_worth_telling(self) -> bool:
        """Whether the last failure made a row of a few: once in every row."""
        return self._failures == _A_FEW


@attrs.define
class _Row:
    _since: float = math.inf
    _last: float = -math.inf
    given_up: bool = False

    def failed(self, now: float, limits: Retries, times: int) -> None:
        patience_s = max(limits.request_s, limits.host_silence_s)
        self._since = now if now - self._last > patience_s else min(self._since, now)
        self._last = now
        self.given_up = self.given_up or now - self._since >= times * patience_s


@attrs.define
class ClassHealth:
    """Failures in a row of one class of requests to one host, such as all its uploads.

    A host that throttles for ever still answers, and one whose disk is full opens uploads and stores none. Each
    request would try for as long as it may, one after the other; so the class has the patience of one request in
    each repository, and that of a few in all. Patience is used up only while
    requests are made, and where none is tried again there is nothing to save.
    """

    _rows: dict[Repository | None, _Row] = attrs.field(factory=dict)
    _all: _Row = attrs.field(factory=_Row)

    def given_up(self, repository: Repository | None) -> bool:
        """Whether nothing more of this class is to be sent to `repository`."""
        row = self._rows.get(repository)
        return self._all.given_up or (row is not None and row.given_up)

    def succeeded(self, repository: Repository | None) -> None:
        """The host did, or refused for good, what it was asked."""
        self._rows.pop(repository, None)
        self._all = _Row()

    def failed(self, repository: Repository | None, now: float, limits: Retries) -> None:
        """The host throttled, failed or was silent; `now` is in seconds."""
        if limits.request_s == 0:
            return
        self._rows.setdefault(repository, _Row()).failed(now, limits, times=1)
        self._all.failed(now, limits, times=_A_FEW)
