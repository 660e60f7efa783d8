"""The verdict on an event, as far as promoter manifests alone can give it; pure."""

import enum
from collections.abc import Sequence

import attrs

from cip_async.audit.messages import Action, Malformed, RegistryEvent
from cip_async.audit.wanted import Wanted, WantedContent
from cip_async.reference import Digest, Tag


class Finding(enum.Enum):
    """What the auditor says of an event."""

    VERIFIED = "verified"
    """A promoter manifest wants the digest there, with the tag if there is one."""
    VERIFIED_CHILD = "verified-child"
    """The digest is part of an index that a promoter manifest wants there."""
    DELETION = "deletion"
    """Something was deleted, which a promotion never does."""
    NOT_WANTED = "not-wanted"
    """No promoter manifest wants the digest there."""
    TAG_MISMATCH = "tag-mismatch"
    """The digest or the tag is wanted there, but not both together."""
    MALFORMED = "malformed"
    """The message is not one that registries send."""

    @property
    def is_rejection(self) -> bool:
        """Whether somebody should look at it."""
        return self not in (Finding.VERIFIED, Finding.VERIFIED_CHILD)


@attrs.frozen(kw_only=True)
class Verdict:
    """What the auditor says of an event, and why."""

    finding: Finding
    reason: str


@attrs.frozen(kw_only=True)
class Unknown:
    """No verdict yet: promoter manifests do not name `digest`, but an index among `contents` may."""

    digest: Digest
    contents: Sequence[WantedContent]


def decide(content: RegistryEvent | Malformed, wanted: Wanted) -> Verdict | Unknown:
    """Say what promoter manifests say of an event."""
    if isinstance(content, Malformed):
        return Verdict(finding=Finding.MALFORMED, reason=content.reason)
    if content.action is Action.DELETE or content.digest is None:
        return Verdict(finding=Finding.DELETION, reason="promotions never delete anything")
    contents = wanted.of(content.repository)
    if not contents:
        return Verdict(
            finding=Finding.NOT_WANTED, reason=f"{content.repository} is no destination of any promoter manifest"
        )
    agreed = [each for each in contents if each.tags(content.digest) is not None]
    if content.tag is None:
        return _verified(agreed[0]) if agreed else Unknown(digest=content.digest, contents=contents)
    for each in agreed:
        if content.tag in (each.tags(content.digest) or ()):
            return _verified(each)
    return _mistagged(content.digest, content.tag, contents, is_wanted=bool(agreed))


def verified_child(parent: Digest, content: WantedContent) -> Verdict:
    """Say that a digest is part of `parent`, an index that is wanted from a source."""
    return Verdict(finding=Finding.VERIFIED_CHILD, reason=f"part of {parent}, which is wanted from {content.source}")


def not_wanted(unknown: Unknown) -> Verdict:
    """Say that a digest is neither wanted nor part of an index that is."""
    sources = ", ".join(str(content.source) for content in unknown.contents)
    return Verdict(
        finding=Finding.NOT_WANTED,
        reason=f"no promoter manifest wants {unknown.digest} from {sources}, nor an index that it is part of",
    )


def may_change(verdict: Verdict | Unknown) -> bool:
    """Whether newer promoter manifests may give another verdict."""
    return isinstance(verdict, Unknown) or verdict.finding in (Finding.NOT_WANTED, Finding.TAG_MISMATCH)


def _verified(content: WantedContent) -> Verdict:
    return Verdict(finding=Finding.VERIFIED, reason=f"wanted from {content.source}")


def _mistagged(digest: Digest, tag: Tag, contents: Sequence[WantedContent], *, is_wanted: bool) -> Verdict:
    others = [other for content in contents for other in content.tagged(tag)]
    if others:
        reason = f"promoter manifests want the tag {tag} with {others[0]}, not with {digest}"
    elif is_wanted:
        reason = f"promoter manifests want {digest}, but not with the tag {tag}"
    else:
        return Verdict(finding=Finding.NOT_WANTED, reason=f"no promoter manifest wants {digest}, nor the tag {tag}")
    return Verdict(finding=Finding.TAG_MISMATCH, reason=reason)
