"""One run of a promoter, and what came of it so far: what its report tells, at any moment."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from operator import attrgetter

import attrs

from cip_async.copying.ages import Ages
from cip_async.copying.documents import Documents
from cip_async.copying.engine import Engine
from cip_async.copying.holdings import Holdings
from cip_async.copying.progress import EdgeKey, PairKey, Progress
from cip_async.events import Event, ImagesVerified, ListingTrusted
from cip_async.model.cost import Cost, FloorLine
from cip_async.model.damage import Damage, Repair
from cip_async.model.finding import Finding
from cip_async.model.listing import Listing
from cip_async.model.plan import Pair, PairPlan, Plan
from cip_async.model.report import Ending, Failure, LedgerLine, Report, Traffic
from cip_async.model.verification import Verification
from cip_async.planning.ahead import ahead
from cip_async.planning.draft import Draft
from cip_async.planning.excess import excess
from cip_async.planning.floor import floor
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.listing.strategy import is_google
from cip_async.settings import Rate
from cip_async.verification.claims import untrue_claims
from cip_async.verification.repairs import broken_edges

NOT_DONE = "the run ended before this image was placed"

_BEFORE_ANY_WRITE = (Ending.CONFLICT, Ending.CHECK_FAILED)


@attrs.define(kw_only=True, eq=False)
class Run:
    """The state of one run. It counts as interrupted until it is said how it ended."""

    draft: Draft
    learnt: Learnt
    documents: Documents
    ages: Ages
    holdings: Holdings
    documents_are_kept: bool
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    engine: Engine | None = None
    ending: Ending = Ending.INTERRUPTED
    trusted_listings: int = 0
    deep: bool | None = None
    """Whether a verification looks at the content of images too; None where the run is none."""
    damages: list[Damage] = attrs.field(factory=list)
    verified_images: int = 0
    mender: Engine | None = None
    """The engine that placed damaged content again."""
    repairs: tuple[Repair, ...] = ()
    broken: dict[EdgeKey, Failure] = attrs.field(factory=dict)
    """Edges that are not as they are wanted, although nothing that was done for them failed."""
    verified_listings: int | None = None
    started_at: float = attrs.field(factory=time.time)
    _began: float = attrs.field(factory=time.monotonic, init=False)
    _ended: float | None = attrs.field(default=None, init=False)

    def end(self, ending: Ending) -> None:
        """Take note of how the run ended."""
        self.ending, self._ended = ending, time.monotonic()

    def hear(self, event: Event, /) -> None:
        """Count the destinations that were not listed, as the inventory was trusted, and the images looked at whole."""
        self.trusted_listings += isinstance(event, ListingTrusted)
        if isinstance(event, ImagesVerified):
            self.verified_images += event.images

    def needed(self, pair: Pair, listing: Listing) -> AbstractSet[Digest]:
        """What a destination lacks by its listing, whose age counts from when reading it began, and what it holds."""
        needed = self.draft.planner.needed(pair, listing)
        if needed:
            self.ages.listed(pair.source, pair.destination, listing.taken_s)
            self.holdings.listed(pair.source, pair.destination, listing.digests)
        return needed

    def mended(self, repairs: tuple[Repair, ...]) -> None:
        """Take note of what became of damaged content, and of the edges that lead to what is damaged still."""
        self.repairs = repairs
        self.broken.update(broken_edges(self.plan or self.draft.plan(), repairs))

    def written(self) -> dict[PairKey, tuple[PairPlan, tuple[Failure, ...]]]:
        """The pairs of which something was promoted in this run, each with its edges that failed."""
        report = self.report((), {}, dry_run=False)
        written: dict[PairKey, tuple[PairPlan, tuple[Failure, ...]]] = {}
        for pair_plan in report.plan.pairs:
            key = pair_plan.pair.source, pair_plan.pair.destination
            failures = report.failures_by_pair.get(key, ())
            failed = {(failure.digest, failure.tag) for failure in failures}
            edges = ((promotion.digest, tag) for promotion in pair_plan.promotions for tag in promotion.tags or (None,))
            if any(edge not in failed for edge in edges):
                written[key] = pair_plan, failures
        return written

    def compare(self, before: PairPlan, failures: Iterable[Failure], after: PairPlan) -> None:
        """Take note of the edges of a pair that are not as this run says, by what was planned after it."""
        for failure in untrue_claims(before, failures, after):
            self.broken[failure.source, failure.destination, failure.digest, failure.tag] = failure

    def verification(self, ledger: tuple[LedgerLine, ...]) -> Verification:
        """Everything that a verification has found, as `report`."""
        plan = self.plan or self.draft.plan()
        return Verification(
            plan=plan,
            deep=bool(self.deep),
            ending=self.ending,
            images=self.verified_images,
            damages=tuple(sorted(self.damages, key=attrgetter("repository"))),
            ledger=ledger,
            started_at=self.started_at,
            seconds=self._seconds,
        )

    def report(self, ledger: tuple[LedgerLine, ...], settled_rates: Mapping[Host, Rate], *, dry_run: bool) -> Report:
        """Everything that is known now, without waiting for anything; it changes nothing."""
        plan = self.plan or self.draft.plan()
        progress = self._progress
        capabilities = _united(engine.capabilities() for engine in self._engines)
        least = floor(self.learnt, capabilities)
        return Report(
            plan=plan,
            dry_run=dry_run,
            ending=self.ending,
            failures=self._failures(plan, progress, dry_run=dry_run),
            ledger=ledger,
            traffic=_sum(engine.progress.traffic() for engine in self._engines),
            capabilities=capabilities,
            settled_rates=settled_rates,
            started_at=self.started_at,
            findings=self.findings,
            trusted_listings=self.trusted_listings,
            repairs=self.repairs,
            verified_listings=self.verified_listings,
            seconds=self._seconds,
            cost=Cost(
                floor=least,
                excess=excess(ledger, least),
                ahead=self._ahead(plan) if dry_run and self.ending is Ending.COMPLETE else (),
            ),
        )

    def _ahead(self, plan: Plan) -> tuple[FloorLine, ...]:
        return ahead(plan.pairs, self.learnt, is_google, documents_are_kept=self.documents_are_kept)

    @property
    def _seconds(self) -> float:
        return (self._ended or time.monotonic()) - self._began

    def _failures(self, plan: Plan, progress: Progress, *, dry_run: bool) -> Mapping[EdgeKey, Failure]:
        failures = dict(progress.failures)
        if not dry_run and self.ending not in _BEFORE_ANY_WRITE:
            for pair_plan in plan.pairs:
                failures.update(progress.undone(pair_plan, NOT_DONE))
        failures.update(self.broken)
        return dict(sorted(failures.items(), key=_order))

    @property
    def _progress(self) -> Progress:
        return self.engine.progress if self.engine else Progress()

    @property
    def _engines(self) -> list[Engine]:
        return [engine for engine in (self.mender, self.engine) if engine is not None]


def _sum(traffics: Iterable[Traffic]) -> Traffic:
    counts: Counter[str] = Counter()
    for traffic in traffics:
        counts.update(attrs.asdict(traffic))
    return Traffic(**counts)


def _united(known: Iterable[Mapping[Host, Mapping[str, bool]]]) -> Mapping[Host, Mapping[str, bool]]:
    united: dict[Host, dict[str, bool]] = {}
    for each in known:
        for host, capabilities in each.items():
            united.setdefault(host, {}).update(capabilities)
    return united


def _order(item: tuple[EdgeKey, Failure]) -> tuple[Repository, Repository, Digest, str]:
    source, destination, digest, tag = item[0]
    return source, destination, digest, tag or ""
