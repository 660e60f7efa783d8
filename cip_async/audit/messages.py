"""What Pub/Sub pushes, as a typed event or as the reason why it is none; pure, and never an exception.

The envelope: https://cloud.google.com/pubsub/docs/push#receive_push. What is inside, from Container Registry and
Artifact Registry alike: https://cloud.google.com/artifact-registry/docs/configure-notifications
"""

import base64
import binascii
import enum
from datetime import datetime
from typing import Final

import attrs
import msgspec

from cip_async.errors import InvalidReference
from cip_async.reference import Digest, Repository, Tag, parse_digest, parse_repository, parse_tag

_UNDECODABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for JSON that is none, of other types than expected, or nested too deep."""
_LONGEST_ID: Final = 256
"""Pub/Sub's message ids are numbers of some 20 digits."""


class Action(enum.Enum):
    """What was done to a registry."""

    INSERT = "INSERT"
    DELETE = "DELETE"


@attrs.frozen(kw_only=True)
class RegistryEvent:
    """One change of a registry: of a digest, of a tag, or of a tag that points to a digest."""

    action: Action
    repository: Repository
    digest: Digest | None
    tag: Tag | None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.action.value} {self.repository}{tag}{digest}"


@attrs.frozen(kw_only=True)
class Malformed:
    """A message that is not what registries send, and why."""

    reason: str


@attrs.frozen(kw_only=True)
class Delivery:
    """One pushed message.

    `message_id` is empty where the envelope has none, or is none itself. `published_at`, in seconds since the epoch,
    is None where it does not say. `data` is what it carries, byte for byte: what `content` was read from.
    """

    content: RegistryEvent | Malformed
    message_id: str = ""
    published_at: float | None = None
    data: bytes = attrs.field(default=b"", repr=False)


class _Message(msgspec.Struct, rename={"message_id": "messageId", "published_at": "publishTime"}):
    data: str = ""
    message_id: str = ""
    published_at: str = ""


class _Envelope(msgspec.Struct):
    message: _Message
    subscription: str = ""


class _Change(msgspec.Struct):
    action: str
    digest: str | None = None
    tag: str | None = None


_envelope_decoder: Final = msgspec.json.Decoder(_Envelope)
_change_decoder: Final = msgspec.json.Decoder(_Change)


def delivery(body: bytes) -> Delivery:
    """Decode the body of a push request, whose length the caller has bounded."""
    try:
        message = _envelope_decoder.decode(body)
    except _UNDECODABLE as error:
        return Delivery(content=Malformed(reason=f"the envelope is not one of Pub/Sub: {_why(error)}"))
    data = _data(message.message.data)
    return Delivery(
        content=data if isinstance(data, Malformed) else _event(data),
        message_id=message.message.message_id[:_LONGEST_ID],
        published_at=_seconds(message.message.published_at),
        data=b"" if isinstance(data, Malformed) else data,
    )


def _data(text: str) -> bytes | Malformed:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return Malformed(reason="the data is not base64")


def _event(data: bytes) -> RegistryEvent | Malformed:
    try:
        change = _change_decoder.decode(data)
    except _UNDECODABLE as error:
        return Malformed(reason=f"the data is no registry event: {_why(error)}")
    try:
        return _checked(change)
    except InvalidReference as error:
        return Malformed(reason=str(error))


def _checked(change: _Change) -> RegistryEvent | Malformed:
    """An event all of whose parts belong together.

    Raises:
        InvalidReference: one of its names is malformed.
    """
    if change.action not in Action.__members__:
        return Malformed(reason=f"the action is {change.action[:40]!r}: expected INSERT or DELETE")
    action = Action(change.action)
    digested = _by_digest(change.digest) if change.digest else None
    tagged = _by_tag(change.tag) if change.tag else None
    named = digested or tagged
    if named is None:
        return Malformed(reason=f"the {action.value} names neither digest nor tag")
    if digested and tagged and digested[0] != tagged[0]:
        return Malformed(reason=f"the digest is in {digested[0]}, and the tag in {tagged[0]}")
    if action is Action.INSERT and digested is None:
        return Malformed(reason=f"the INSERT of a tag in {named[0]} does not name its digest")
    return RegistryEvent(
        action=action,
        repository=named[0],
        digest=digested[1] if digested else None,
        tag=tagged[1] if tagged else None,
    )


def _by_digest(text: str) -> tuple[Repository, Digest]:
    """Parse `host/path@sha256:…`."""
    repository, _, digest = text.partition("@")
    return parse_repository(repository), parse_digest(digest)


def _by_tag(text: str) -> tuple[Repository, Tag]:
    """Parse `host/path:tag`; the host may have a port."""
    repository, _, tag = text.rpartition(":")
    return parse_repository(repository), parse_tag(tag)


def _seconds(published: str) -> float | None:
    """Seconds since the epoch of a time as RFC 3339 writes it, None where it is none or has no zone."""
    try:
        moment = datetime.fromisoformat(published)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _why(error: BaseException) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)
