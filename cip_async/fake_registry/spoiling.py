"""What a fault makes of a request, before it is carried out, and of its answer; pure."""

import math
from collections.abc import Iterator
from email.utils import formatdate
from itertools import pairwise
from typing import Final

import attrs

from cip_async.fake_registry.content import Flipped
from cip_async.fake_registry.faults import STATUSES, Fault, FaultKind
from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.fake_registry.visit import Reply, Slice, Visit
from cip_async.reference import Digest

_OTHER_DIGEST: Final = Digest("sha256:" + "0" * 64)


def spoil_request(fault: Fault, visit: Visit, now_s: float) -> None:
    """Do to a request what happens before it is carried out; `now_s` is the time in seconds since 1970.

    Raises:
        Refusal: it is not carried out at all.
    """
    status = STATUSES.get(fault.kind)
    if status is not None:
        raise _refused(fault, status, now_s)
    if fault.kind is FaultKind.UPLOAD_VANISHED:
        visit.store.drop_upload(visit.call.reference)
    if fault.kind is FaultKind.MOUNT_REFUSED:
        visit.rules = attrs.evolve(visit.rules, mounts=False)
    if fault.kind is FaultKind.CONTENT_UNKNOWN:
        visit.forgetful = True


def spoil_reply(fault: Fault, visit: Visit, reply: Reply) -> None:
    """Do to an answer what happens to it before it is sent."""
    headers = reply.headers
    match fault.kind:
        case FaultKind.WRONG_BYTES:
            reply.body = _flipped(reply.body)
        case FaultKind.SHORT:
            reply.body = first_half(reply.body)
        case FaultKind.WRONG_TYPE:
            headers["Content-Type"] = "text/html"
        case FaultKind.WRONG_DIGEST if "Docker-Content-Digest" in headers:
            headers["Docker-Content-Digest"] = _OTHER_DIGEST
        case FaultKind.NO_DIGEST:
            headers.popall("Docker-Content-Digest", None)
        case FaultKind.FOREIGN_LOCATION if "Location" in headers:
            headers["Location"] = fault.elsewhere + _target(headers["Location"])
        case FaultKind.NO_LINK:
            headers.popall("Link", None)
        case FaultKind.REPEATED_LINK if "Link" in headers:
            headers["Link"] = f'<{visit.call.target}>; rel="next"'
        case FaultKind.FOREIGN_LINK if "Link" in headers:
            target = headers["Link"].removeprefix("<").partition(">")[0]
            headers["Link"] = f'<{fault.elsewhere}{_target(target)}>; rel="next"'
        case _:
            pass


def _refused(fault: Fault, status: int, now_s: float) -> Refusal:
    headers = {"Retry-After": str(math.ceil(fault.seconds))}
    match fault.kind:
        case FaultKind.THROTTLED_DATE:
            headers = {"Retry-After": formatdate(math.ceil(now_s + fault.seconds), usegmt=True)}
            return refusal(status, "TOOMANYREQUESTS", "Quota exceeded: too many requests", headers=headers)
        case FaultKind.THROTTLED | FaultKind.OVERLOADED:
            return refusal(status, "TOOMANYREQUESTS", "Quota exceeded: too many requests", headers=headers)
        case FaultKind.THROTTLED_BARE:
            return refusal(status, "TOOMANYREQUESTS", "Quota exceeded: too many requests")
        case _:
            return refusal(status, "UNKNOWN", "the registry failed on purpose")


def first_half(body: bytes | Slice) -> bytes | Slice:
    """The first half of a body; of a single byte, nothing."""
    if isinstance(body, bytes):
        return body[: len(body) // 2]
    return attrs.evolve(body, stop=(body.start + body.stop) // 2)


def parts(body: bytes | Slice, number: int) -> Iterator[bytes | Slice]:
    """A body in so many parts of about the same size, in order."""
    start, stop = (0, len(body)) if isinstance(body, bytes) else (body.start, body.stop)
    bounds = [start + (stop - start) * each // number for each in range(number + 1)]
    for begin, end in pairwise(bounds):
        yield body[begin:end] if isinstance(body, bytes) else attrs.evolve(body, start=begin, stop=end)


def _flipped(body: bytes | Slice) -> bytes | Slice:
    if isinstance(body, Slice):
        return attrs.evolve(body, content=Flipped(body.content, (body.start + body.stop) // 2))
    middle = len(body) // 2
    return body[:middle] + bytes(byte ^ 1 for byte in body[middle : middle + 1]) + body[middle + 1 :]


def _target(url: str) -> str:
    """Path and query of a URL that may be no more than those."""
    if url.startswith("/"):
        return url
    return "/" + url.partition("://")[2].partition("/")[2]
