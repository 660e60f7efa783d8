"""Judges events: by the promoter manifests, by the indexes they name, and if need be by newer manifests."""

import time
from collections.abc import Callable
from contextlib import suppress

import attrs

from cip_async.audit.children import Children
from cip_async.audit.decide import Unknown, Verdict, decide, may_change, not_wanted, verified_child
from cip_async.audit.happenings import Audited, Deferred, Duplicated, Tell
from cip_async.audit.keeper import ManifestKeeper
from cip_async.audit.limits import AuditLimits
from cip_async.audit.messages import Delivery, Malformed, RegistryEvent
from cip_async.audit.seen import Seen, identity
from cip_async.audit.wanted import NOTHING_WANTED
from cip_async.errors import CipError, Undecided
from cip_async.registry.once import Once


class Auditor:
    """Gives each delivered message its verdict, once. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        *,
        keeper: ManifestKeeper,
        children: Children,
        limits: AuditLimits,
        tell: Tell,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keeper = keeper
        self._children = children
        self._limits = limits
        self._tell = tell
        self._clock = clock
        self._seen = Seen(limits.messages)
        self._once: Once[bytes, Verdict] = Once()

    async def receive(self, delivery: Delivery, *, trace: str = "") -> Verdict | None:
        """Judge a message and tell the verdict; None if it had one already.

        Raises:
            Undecided: it cannot be judged now, and should be delivered again.
        """
        key = identity(delivery)
        if key is None:
            return await self._judge(delivery, trace, None)
        if key in self._seen:
            self._tell(Duplicated(message_id=delivery.message_id))
            return None
        return await self._once.get(key, lambda: self._judge(delivery, trace, key))

    async def _judge(self, delivery: Delivery, trace: str, key: bytes | None) -> Verdict:
        now = self._clock()
        published_at = now if delivery.published_at is None else min(delivery.published_at, now)
        try:
            verdict = await self._verdict(delivery.content, published_at)
        except CipError as error:
            self._tell(Deferred(message_id=delivery.message_id, reason=str(error), trace=trace))
            raise Undecided(str(error)) from error
        if key is not None:
            self._seen.add(key)
        manifests = self._keeper.manifests
        revision = manifests.revision if manifests else ""
        self._tell(Audited(delivery=delivery, verdict=verdict, revision=revision, trace=trace))
        return verdict

    async def _verdict(self, content: RegistryEvent | Malformed, published_at: float) -> Verdict:
        """The verdict on an event: nothing is called unwanted by manifests that are older than the event."""
        if not self._keeper.is_as_new_as(published_at):
            with suppress(CipError):  # of a source, which newer manifests may make unnecessary
                verdict = await self._by_manifests_at_hand(content)
                if not may_change(verdict):
                    return verdict
            await self._keeper.refreshed_since(published_at)
        verdict = await self._by_manifests_at_hand(content)
        if not may_change(verdict) or self._keeper.is_as_new_as(published_at):
            return verdict
        if self._keeper.manifests is None:
            raise Undecided(f"no promoter manifests could be read yet: {self._keeper.failure}")
        reason = f"promoter manifests as new as the event cannot be read: {self._keeper.failure}"
        if self._clock() - published_at < self._limits.patience_s:
            raise Undecided(reason)
        # Manifests that stay broken must not keep an alarm from being raised for ever.
        return attrs.evolve(verdict, reason=f"{verdict.reason}; {reason}")

    async def _by_manifests_at_hand(self, content: RegistryEvent | Malformed) -> Verdict:
        manifests = self._keeper.manifests
        found = decide(content, manifests.wanted if manifests else NOTHING_WANTED)
        return await self._resolved(found) if isinstance(found, Unknown) else found

    async def _resolved(self, unknown: Unknown) -> Verdict:
        """The verdict on a digest that may be part of an index of any of several sources."""
        failure: CipError | None = None
        for content in unknown.contents:
            try:
                parent = await self._children.parent(content, unknown.digest)
            except CipError as error:
                failure = error
                continue
            if parent is not None:
                return verified_child(parent, content)
        if failure is not None:
            raise failure
        return not_wanted(unknown)
