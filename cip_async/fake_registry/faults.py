"""What can go wrong on purpose, how often, and to which requests; pure.

Whether a fault strikes by probability follows from the seed, the request and how often it was made before, not from the
order in which requests of others arrive: the same run meets the same faults however its requests interleave.
"""

import enum
import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeVar

import attrs

from cip_async.fake_registry.calls import Call, CallClass


class FaultKind(enum.StrEnum):
    """What is done to a request."""

    THROTTLED = "429"
    """429 with `Retry-After`."""
    THROTTLED_BARE = "429-bare"
    """429 without it."""
    THROTTLED_DATE = "429-date"
    """429 whose `Retry-After` is a date."""
    OVERLOADED = "503-quota"
    """503 that speaks of a quota, with `Retry-After`."""
    ERROR_500 = "500"
    ERROR_502 = "502"
    ERROR_503 = "503"
    ERROR_504 = "504"
    SLOW = "slow"
    """The answer takes `seconds` longer."""
    DRIPPING = "dripping"
    """The answer's body comes in small pieces, which take `seconds` together."""
    RESET = "reset"
    """The connection is dropped before anything is done."""
    RESET_UPLOAD = "reset-upload"
    """The connection is dropped in the middle of the request's body, and with it the upload."""
    LOST_ANSWER = "lost-answer"
    """What was asked for is done, then the connection is dropped instead of an answer."""
    RESET_BODY = "reset-body"
    """The connection is dropped in the middle of the answer's body."""
    TRUNCATED = "truncated"
    """The connection is closed in good order in the middle of the answer's body."""
    SHORT = "short"
    """The answer's body ends early, and its `Content-Length` agrees."""
    STALLED = "stalled"
    """The answer's body stops in the middle, and the connection stays open."""
    WRONG_BYTES = "wrong-bytes"
    """One byte of the answer's body is another."""
    WRONG_DIGEST = "wrong-digest"
    """`Docker-Content-Digest` is that of something else."""
    NO_DIGEST = "no-digest"
    """There is no `Docker-Content-Digest`."""
    WRONG_TYPE = "wrong-type"
    """`Content-Type` is `text/html`."""
    MOUNT_REFUSED = "mount-refused"
    """A mount opens an upload (202)."""
    UPLOAD_VANISHED = "upload-vanished"
    """The registry forgets the upload just before the request."""
    FOREIGN_LOCATION = "foreign-location"
    """`Location` leads to another host, the one `elsewhere` names."""
    CONTENT_UNKNOWN = "content-unknown"
    """A manifest is refused with MANIFEST_BLOB_UNKNOWN, although what it refers to is there."""
    NO_LINK = "no-link"
    """A page that is not the last does not say so: the listing is silently cut off."""
    REPEATED_LINK = "repeated-link"
    """The `Link` of a page leads to the same page."""
    FOREIGN_LINK = "foreign-link"
    """The `Link` of a page leads to another host, the one `elsewhere` names."""


STATUSES: Final = {
    FaultKind.THROTTLED: 429,
    FaultKind.THROTTLED_BARE: 429,
    FaultKind.THROTTLED_DATE: 429,
    FaultKind.OVERLOADED: 503,
    FaultKind.ERROR_500: 500,
    FaultKind.ERROR_502: 502,
    FaultKind.ERROR_503: 503,
    FaultKind.ERROR_504: 504,
}
BROKEN_BODIES: Final = frozenset({FaultKind.RESET_BODY, FaultKind.TRUNCATED, FaultKind.STALLED})

_WITH_BODY: Final = frozenset(
    {
        CallClass.TAGS,
        CallClass.CATALOG,
        CallClass.DOCKER_IMAGES,
        CallClass.REFERRERS,
        CallClass.MANIFEST_GET,
        CallClass.BLOB_GET,
        CallClass.STORAGE,
        CallClass.TOKEN,
    }
)
_MANIFEST_PUTS: Final = frozenset({CallClass.MANIFEST_PUT, CallClass.TAG_PUT})
_SENDING: Final = _MANIFEST_PUTS | {CallClass.UPLOAD, CallClass.UPLOAD_CHUNK, CallClass.UPLOAD_POST}
_UPLOADS: Final = frozenset({CallClass.UPLOAD, CallClass.UPLOAD_CHUNK, CallClass.UPLOAD_STATUS})
_WITH_DIGEST: Final = frozenset(
    {
        CallClass.MANIFEST_GET,
        CallClass.MANIFEST_HEAD,
        CallClass.BLOB_GET,
        CallClass.BLOB_HEAD,
        CallClass.UPLOAD,
        CallClass.UPLOAD_POST,
        CallClass.MOUNT,
    }
)
_LISTINGS: Final = frozenset({CallClass.TAGS, CallClass.CATALOG, CallClass.REFERRERS})
_STRIKES: Final = {
    **dict.fromkeys(
        [*BROKEN_BODIES, FaultKind.DRIPPING, FaultKind.SHORT, FaultKind.WRONG_BYTES, FaultKind.WRONG_TYPE], _WITH_BODY
    ),
    **dict.fromkeys([FaultKind.WRONG_DIGEST, FaultKind.NO_DIGEST], _WITH_DIGEST | _MANIFEST_PUTS),
    **dict.fromkeys([FaultKind.NO_LINK, FaultKind.REPEATED_LINK, FaultKind.FOREIGN_LINK], _LISTINGS),
    FaultKind.MOUNT_REFUSED: frozenset({CallClass.MOUNT}),
    FaultKind.RESET_UPLOAD: _SENDING,
    FaultKind.UPLOAD_VANISHED: _UPLOADS,
    FaultKind.FOREIGN_LOCATION: frozenset({CallClass.MOUNT, CallClass.UPLOAD_START, CallClass.UPLOAD_CHUNK}),
    FaultKind.CONTENT_UNKNOWN: _MANIFEST_PUTS,
}
Kind = TypeVar("Kind", FaultKind, CallClass)

_EVERY_CLASS: Final = frozenset(CallClass)


def possible_targets(kind: FaultKind) -> frozenset[CallClass]:
    """The requests that this can happen to."""
    return _STRIKES.get(kind, _EVERY_CLASS)


@attrs.define(kw_only=True)
class Fault:
    """One thing that goes wrong. `hits` says how often it has."""

    kind: FaultKind
    on: frozenset[CallClass]
    """The requests it can strike."""
    repository: str | None = None
    """Only those to this repository."""
    subject: str | None = None
    """Only those about this digest or tag."""
    probability: float = 1.0
    times: int | None = None
    """How often it strikes at most; None is without limit."""
    skipping: int = 0
    """How many of those requests go well first."""
    seconds: float = 1.0
    """How long a slow answer or body takes, and what `Retry-After` says."""
    elsewhere: str = "https://elsewhere.invalid"
    """The origin that foreign locations and links lead to."""
    hits: int = 0
    _passed: int = 0

    def strikes(self, call: Call, dice: "Dice") -> bool:
        """Whether it strikes this request, which is then counted."""
        if call.call_class not in self.on or not self._is_about(call):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        if self._passed < self.skipping:
            self._passed += 1
            return False
        if self.probability < 1 and dice.roll(self.kind, call) >= self.probability:
            return False
        self.hits += 1
        return True

    def _is_about(self, call: Call) -> bool:
        return self.repository in (None, call.repository) and self.subject in (None, call.subject)


@attrs.define
class Dice:
    """Numbers from 0 to 1 that follow from a seed and what is asked."""

    seed: int = 0
    _rolled: Counter[tuple[str, ...]] = attrs.field(factory=Counter, init=False)

    def roll(self, kind: str, call: Call) -> float:
        """The number for this request; making it again gives another."""
        asked = (kind, call.call_class, call.repository, call.subject)
        self._rolled[asked] += 1
        text = "\0".join((str(self.seed), *asked, str(self._rolled[asked])))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


@attrs.define
class Faults:
    """All that goes wrong on a host. The first fault that strikes a request is the only one."""

    dice: Dice = attrs.field(factory=Dice)
    _faults: list[Fault] = attrs.field(factory=list)

    def add(
        self,
        kind: FaultKind | str,
        *,
        on: Iterable[CallClass | str] | None = None,
        repository: str | None = None,
        subject: str | None = None,
        probability: float = 1.0,
        times: int | None = None,
        skipping: int = 0,
        seconds: float = 1.0,
        elsewhere: str = "https://elsewhere.invalid",
    ) -> Fault:
        """Let something go wrong from now on; `on` None means all requests it can happen to.

        Raises:
            ValueError: it cannot happen to those requests, the kind or class is unknown, or the probability is none.
        """
        kind = _member(FaultKind, kind)
        if not 0 <= probability <= 1:
            raise ValueError(f"{probability} is not a probability")
        possible = possible_targets(kind)
        wanted = possible if on is None else frozenset(_member(CallClass, each) for each in on)
        if not wanted or not wanted <= possible:
            raise ValueError(
                f"{kind} strikes {', '.join(sorted(possible))}, not {', '.join(sorted(wanted - possible))}"
            )
        fault = Fault(
            kind=kind,
            on=wanted,
            repository=repository,
            subject=subject,
            probability=probability,
            times=times,
            skipping=skipping,
            seconds=seconds,
            elsewhere=elsewhere,
        )
        self._faults.append(fault)
        return fault

    def strike(self, call: Call) -> Fault | None:
        """The fault that strikes this request, if one does."""
        for fault in self._faults:
            if fault.strikes(call, self.dice):
                return fault
        return None

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._faults.clear()


def _member(kinds: type[Kind], text: str) -> Kind:
    try:
        return kinds(text)
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(kinds)}") from None
