"""What a verification finds: edges that are not as they should be, and images whose content is damaged."""

import attrs

from cip_async.model.damage import Damage, Flaw
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import Place
from cip_async.model.report import Ending, LedgerLine
from cip_async.reference import Digest, Repository, Tag


@attrs.frozen(kw_only=True)
class Drift:
    """One edge that is not as it is wanted. `tag` is None for a tagless one; `place` is where it was wanted."""

    source: Repository
    destination: Repository
    digest: Digest
    tag: Tag | None
    flaw: Flaw
    reason: str
    place: Place


@attrs.frozen(kw_only=True, eq=False)
class Verification:
    """What was found. Times are seconds since the epoch and seconds.

    `plan` holds what was wanted and how the listings compare with it. It was made as if the sources held nothing, since
    they were not asked. `deep`: the content of images was looked at too, of as many as `images` says (digest and
    repository); `damages` are sorted.
    """

    plan: Plan
    deep: bool
    ending: Ending
    images: int
    damages: tuple[Damage, ...]
    ledger: tuple[LedgerLine, ...]
    started_at: float
    seconds: float
