"""A promotion from end to end: the stages in order.

List what the promoter manifests name, plan, copy, report. Where conflicts abort the run, nothing is copied before the
whole plan is known. Where they are quarantined, a source repository with all its mirrors is copied as soon as it is
planned, while the crawl goes on.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from weakref import WeakKeyDictionary

import anyio

from cip_async.connections import Connections
from cip_async.copying.ages import Ages
from cip_async.copying.documents import Documents
from cip_async.copying.holdings import Holdings
from cip_async.errors import CredentialError, InvalidManifests, InvalidSettings
from cip_async.events import CopyExpected, Listener, Stage, StageStarted, tell_nobody
from cip_async.inventory.keeping import Keeping
from cip_async.inventory.selection import EVERYTHING, Selection
from cip_async.model.finding import Finding, Severity
from cip_async.model.image import ImageDocument
from cip_async.model.plan import PairPlan, Plan
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.model.report import Ending, Report
from cip_async.model.verification import Verification
from cip_async.planning.conflicts import is_blocked
from cip_async.planning.draft import Draft
from cip_async.planning.filters import check_filters
from cip_async.planning.learnt import Learnt
from cip_async.planning.selection import selected
from cip_async.planning.service_accounts import named_accounts
from cip_async.reference import Digest, RegistryPath, Repository, parse_registry_path
from cip_async.registry.session import Connector
from cip_async.run import Run
from cip_async.settings import Settings
from cip_async.stages import Stages, by_source, plain_errors
from cip_async.verification.repairs import without
from cip_async.verifier import Verifier

if TYPE_CHECKING:
    from cip_async.checks.check import Check
    from cip_async.gcp.container_analysis import Scan
    from cip_async.inventory.snapshot import Snapshot
    from cip_async.model.examination import Examination

_GROUPS_AHEAD: Final = 64
"""Planned source repositories that may wait for the copy, which takes no more while it has enough to do; then the crawl
waits."""


class Promoter:
    """Promotes images. One promoter makes one run at a time, and keeps connections and tokens between runs.

    Use it as an async context manager. Without `confirm` it is dry: it sends no write, whatever is asked of it.
    `endpoints` sends the traffic of a host elsewhere (`{"gcr.io": "http://localhost:5000"}`), `strategies` says how a
    host is listed where its name does not (`{"registry.example": "google"}`). A `connector` is used and never closed.
    `docker_config` is read instead of Docker's own `config.json`. `listener` hears of everything that happens.

    The service accounts that promoter manifests name are used, unless `use_service_accounts` is False; `key_files` are
    keys of some of them. `service_accounts` names those of further registries (`{"gcr.io/my-project": "me@…"}`).

    `inventory` is a file in which listings and image manifests are kept for later runs; from the first run until the
    promoter is closed no other can use it. A destination that by a listing of at most `trust_inventory_s` seconds ago
    holds all that is wanted is not listed again.

    With `recheck_tags` the registry is asked for every tag right before it is written, however young the listing is.
    """

    def __init__(
        self,
        *,
        confirm: bool = False,
        settings: Settings | None = None,
        endpoints: Mapping[str, str] | None = None,
        strategies: Mapping[str, str] | None = None,
        connector: Connector | None = None,
        ca_cert: Path | None = None,
        docker_config: Path | None = None,
        key_files: Sequence[Path] = (),
        use_service_accounts: bool = True,
        service_accounts: Mapping[str, str] | None = None,
        server_side_only: bool = False,
        inventory: Path | None = None,
        trust_inventory_s: float | None = None,
        recheck_tags: bool = False,
        listener: Listener = tell_nobody,
    ) -> None:
        """Set up everything, and open nothing yet.

        Raises:
            InvalidSettings: an endpoint, a strategy, a rate's host or the registry of a service account is not one, or
                an inventory is to be trusted and there is none.
        """
        if trust_inventory_s is not None and (inventory is None or trust_inventory_s <= 0):
            expected = "a number of seconds above 0, and an inventory"
            raise InvalidSettings("the age up to which the inventory is trusted", trust_inventory_s, expected)
        self._settings = settings = settings or Settings()
        self._confirm = confirm
        self._listing_trusted_s = 0.0 if recheck_tags else settings.listing_trusted_s
        self._listener = listener
        self._use_service_accounts = use_service_accounts
        self._connections = Connections(
            confirm=confirm,
            settings=settings,
            endpoints=endpoints or {},
            strategies=strategies or {},
            connector=connector,
            ca_cert=ca_cert,
            docker_config=docker_config,
            key_files=key_files,
            use_service_accounts=use_service_accounts,
            service_accounts=service_accounts or {},
            listener=listener,
        )
        self._keeping = Keeping(
            inventory, place_of=self._connections.place, documents_bytes=settings.kept_documents_bytes
        )
        self._stages = Stages(
            connections=self._connections,
            keeping=self._keeping,
            settings=settings,
            listener=listener,
            trusted_s=trust_inventory_s,
            server_side_only=server_side_only,
        )
        self._verifier = Verifier(self._stages)
        self._run: Run | None = None
        self._is_busy = False
        self._findings: WeakKeyDictionary[Plan, tuple[Finding, ...]] = WeakKeyDictionary()

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._keeping.close()
        finally:
            await self._connections.__aexit__(kind, error, trace)

    async def run(
        self,
        manifests: PromoterManifests,
        *,
        only: Sequence[str] | None = None,
        to: Sequence[str] | None = None,
        quarantine: bool = False,
        among: PromoterManifests | None = None,
        verify: bool = False,
        repair: bool = False,
    ) -> Report:
        """Promote what `manifests` want, or find out what would be promoted.

        `only` are globs of image names, `to` of destination hosts or registries. With `quarantine`, conflicts and
        invalid entries are left out instead of stopping everything. `among` is all that is wanted, where `manifests`
        are only a part of it, so that the conflicts of the whole are found. `verify` and `repair` are as in `promote`.
        What fails is told in the report, also for want of room on the disk for what passes through here.

        Raises:
            InvalidSettings: a glob of `only` or `to` matches nothing.
            InvalidManifests: a file could not be understood, or names two service accounts for one registry.
            CredentialError: a service account has no credential, and the run is to promote.
            FileProblem: the inventory cannot be read or written. What was promoted all the same is told by `report`.
        """
        if not (quarantine and self._confirm) or repair:
            plan = await self.plan(manifests, only=only, to=to, quarantine=quarantine, among=among)
            return await self.promote(plan, verify=verify, repair=repair)
        with self._alone():
            draft = Draft.of(manifests, only=only, to=to, quarantine=True, among=among, place=self._connections.place)
            run = await self._begin(draft, selected(manifests, only=only, to=to))
            with plain_errors():
                await self._copy_while_listing(run)
                if verify:
                    await self._verifier.list_again(run)
            return self._end(run, Ending.COMPLETE)

    async def plan(
        self,
        manifests: PromoterManifests,
        *,
        only: Sequence[str] | None = None,
        to: Sequence[str] | None = None,
        quarantine: bool = False,
        among: PromoterManifests | None = None,
    ) -> Plan:
        """Find out what is to be promoted; writes nothing. The arguments are those of `run`.

        Raises:
            InvalidSettings, InvalidManifests, CredentialError, FileProblem: as `run`.
        """
        with self._alone():
            draft = Draft.of(
                manifests, only=only, to=to, quarantine=quarantine, among=among, place=self._connections.place
            )
            run = await self._begin(draft, selected(manifests, only=only, to=to))

            async def take(pair_plans: Sequence[PairPlan]) -> None:
                run.draft.take(pair_plans)
                if not self._confirm:
                    run.documents.forget(pair_plans[0].pair.source)

            await self._stages.list(run, take, run.draft.pairs)
            run.plan = run.draft.plan()
            self._keeping.check()
            return run.plan

    async def promote(self, plan: Plan, *, verify: bool = False, repair: bool = False) -> Report:
        """Carry out `plan`, unless this promoter is dry, a check failed, or there are conflicts and no quarantine.

        What fails is told in the report, also for want of room on the disk for what passes through here. A plan that
        is not fresh from this promoter costs more: each tag is asked for before it is written, and never moved.

        With `repair`, the content of all images that are believed to be there is looked at first, as `verify` does, and
        what is damaged is placed again from the source or another mirror, or if this promoter is dry, would be. With
        `verify`, each destination repository that was written to is listed once more: what is not as it is wanted then
        has failed.

        Raises:
            CredentialError: a service account has no credential.
            FileProblem: as `run`.
        """
        with self._alone():
            run = await self._resumed(plan)
            if is_blocked(plan):
                return self._end(run, Ending.CONFLICT)
            if _has_errors(run.findings):
                return self._end(run, Ending.CHECK_FAILED)
            if repair:
                with plain_errors():
                    await self._verifier.repair(run, plan, confirm=self._confirm)
            if self._confirm:
                sound = (without(pair_plan, run.broken) for pair_plan in plan.pairs)
                promoting = [pair_plan for pair_plan in sound if pair_plan.promotions]
                images = sum(len(pair_plan.promotions) for pair_plan in promoting)
                self._listener(StageStarted(stage=Stage.COPY, total=images))
                with plain_errors():
                    await self._stages.copy(run, by_source(promoting))
                    if verify:
                        await self._verifier.list_again(run)
            return self._end(run, Ending.COMPLETE)

    async def check(
        self,
        plan: Plan,
        checks: "Sequence[Check]",
        *,
        manifests: PromoterManifests,
        base: PromoterManifests | None = None,
    ) -> tuple[Finding, ...]:
        """Make `checks` on `plan`, which came from `manifests`; `base` is what those said before a change.

        With an error among the findings this promoter does not carry out the plan any more.

        Raises:
            InvalidSettings: a check needs a `base`.
            RegistryError, CredentialError: a check could not be made.
        """
        from cip_async.checks.check import Subject, run_checks  # noqa: PLC0415 - most runs make no checks

        with self._alone():
            run = await self._resumed(plan)
            subject = Subject(plan=plan, manifests=manifests, base=base, read_tree=run.documents.tree)
            run.findings = self._findings[plan] = await run_checks(checks, subject)
            if _has_errors(run.findings):
                self._end(run, Ending.CHECK_FAILED)
            return run.findings

    async def examine(
        self, manifests: PromoterManifests, *, to: Sequence[str] | None = None
    ) -> "tuple[Examination, ...]":
        """Try whether each source can be read and each destination written, without leaving anything behind.

        A promoter that is dry begins no upload, so its destinations fail. `to` is as in `run`.

        Raises:
            InvalidManifests: they name two service accounts for one registry.
            InvalidSettings: a glob of `to` matches nothing.
        """
        from cip_async.registry.examination import examine  # noqa: PLC0415 - a promotion examines nothing

        check_filters(manifests, to=to)
        chosen = selected(manifests, to=to)
        named, problems = named_accounts(chosen)
        if problems and self._use_service_accounts:
            raise InvalidManifests(problems)
        entries = [entry.path for each in chosen.manifests for entry in (each.source, *each.destinations)]
        with suppress(CredentialError):  # it is told again for each registry that it concerns
            await self._connections.identify(named, entries)
        client, transport = self._connections.client, self._connections.transport
        return await examine(chosen, client=client, transport=transport, at_once=self._settings.hosts_at_once)

    async def verify(
        self,
        manifests: PromoterManifests,
        *,
        only: Sequence[str] | None = None,
        to: Sequence[str] | None = None,
        among: PromoterManifests | None = None,
        deep: bool = False,
    ) -> Verification:
        """Find out whether destinations have what `manifests` want there; writes nothing, and asks no source for edges.

        With `deep` all that the images consist of is looked at too: each document is read where it should be, and each
        blob is asked for. What is damaged is then looked for in the sources and in other mirrors. The other arguments
        are those of `run`. Conflicts and invalid entries are told, and the rest is verified. No inventory is trusted.

        Raises:
            InvalidSettings, InvalidManifests, CredentialError, FileProblem: as `run`.
        """
        with self._alone():
            draft = Draft.of(manifests, only=only, to=to, quarantine=True, among=among, place=self._connections.place)
            run = await self._begin(draft, selected(manifests, only=only, to=to), deep=deep)
            await self._verifier.verify(run)
            run.end(Ending.COMPLETE)
            self._listener(StageStarted(stage=Stage.DONE, total=0))
            return self.verification()

    def verification(self) -> Verification:
        """What the last verification found so far, or found; also after it was cancelled, or failed.

        Raises:
            RuntimeError: the last run was none.
        """
        if self._run is None or self._run.deep is None:
            raise RuntimeError("the last run was no verification")
        return self._run.verification(self._connections.transport.ledger.lines())

    @contextmanager
    def time_limit(self, timeout_s: float | None) -> Iterator[None]:
        """Give what is done in the block this many seconds; None gives it as long as it takes.

        When they are over it is cancelled as a caller would cancel it, the block is left without an error, and the
        report of the run says that it timed out.

        Raises:
            InvalidSettings: it is no time.
        """
        if timeout_s is not None and not timeout_s > 0:
            raise InvalidSettings("the time that a run may take", timeout_s, "a number of seconds above 0")
        with anyio.move_on_after(timeout_s) as scope:
            yield
        if scope.cancelled_caught and self._run is not None:
            self._run.end(Ending.TIMED_OUT)

    def report(self) -> Report:
        """What the last run did so far, or did; also after it was cancelled, timed out, or failed.

        Raises:
            RuntimeError: there was no run.
        """
        if self._run is None:
            raise RuntimeError("nothing was run yet")
        return self._report(self._run)

    async def document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """Read one image manifest or index; None if `repository` is proven not to hold it.

        Raises:
            RegistryError, CredentialError: it cannot be read, or what came is not what was asked for.
        """
        return await self._connections.client.get_document(repository, digest)

    async def scan(self, repository: Repository, digest: Digest) -> "Scan":
        """What Google's scanners say of an image.

        Raises:
            InvalidSettings: the image is in no registry of Google's.
            InvalidReference: the repository is in no project.
            CredentialError: there is no access token to be had.
            RegistryError: Container Analysis refuses, fails or answers nonsense.
        """
        return await self._connections.scan(repository, digest)

    @asynccontextmanager
    async def snapshot(self, registry: str, *, selection: Selection = EVERYTHING) -> "AsyncIterator[Snapshot]":
        """List all images at and below `registry`, such as `us.gcr.io/my-project`, and keep what is selected.

        Raises:
            InvalidReference: `registry` is malformed, or a mere host that does not tell what it holds.
            RegistryError, CredentialError: something could not be read to its end.
            FileProblem: the temporary inventory cannot be written.
        """
        from cip_async.inventory.snapshot import snapshot  # noqa: PLC0415 - a promotion takes none

        path = parse_registry_path(registry)
        await self._connections.begin_snapshot(path)
        async with snapshot(path, self._connections.lister, selection=selection, listener=self._listener) as taken:
            yield taken

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse to do two things at once, whose ledgers, tokens and protected sources would mix."""
        if self._is_busy:
            raise RuntimeError("one promoter makes one run at a time: use another one for what is to go on meanwhile")
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False

    async def _begin(self, draft: Draft, manifests: PromoterManifests, *, deep: bool | None = None) -> Run:
        """Begin a run about the entries of `manifests`, as their accounts; `deep` as in `Run`."""
        _, problems = named_accounts(manifests)
        if problems and self._use_service_accounts:
            raise InvalidManifests(problems)
        entries = [entry.path for each in manifests.manifests for entry in (each.source, *each.destinations)]
        return await self._begun(draft, entries, deep=deep)

    async def _begun(self, draft: Draft, entries: Iterable[RegistryPath], *, deep: bool | None = None) -> Run:
        self._connections.begin_run(draft.sources)
        learnt = Learnt()
        self._run = Run(
            draft=draft,
            learnt=learnt,
            documents=Documents(self._connections.client, self._settings.bodies, learnt, self._keeping),
            ages=Ages(self._listing_trusted_s),
            holdings=Holdings() if self._confirm and deep is None else Holdings(most=0),
            documents_are_kept=self._keeping.keeps,
            deep=deep,
        )
        await self._keeping.begin()
        await self._connections.identify(draft.accounts, entries)
        return self._run

    async def _resumed(self, plan: Plan) -> Run:
        """The run that made `plan`, or a new one where another promoter did, or another run came between."""
        if self._run is not None and self._run.plan is plan:
            return self._run
        pairs = [pair_plan.pair for pair_plan in plan.pairs]
        entries = [entry for pair in pairs for entry in (pair.source_entry, pair.destination_entry)]
        run = await self._begun(Draft.from_plan(plan), entries)
        run.plan = plan
        run.findings = self._findings.get(plan, ())
        return run

    def _end(self, run: Run, ending: Ending) -> Report:
        run.end(ending)
        self._listener(StageStarted(stage=Stage.DONE, total=0))
        if ending is Ending.COMPLETE:
            self._keeping.check()
        return self._report(run)

    def _report(self, run: Run) -> Report:
        transport = self._connections.transport
        return run.report(transport.ledger.lines(), transport.settled_rates(), dry_run=not self._confirm)

    async def _copy_while_listing(self, run: Run) -> None:
        send, receive = anyio.create_memory_object_stream[Sequence[PairPlan]](_GROUPS_AHEAD)

        async def hand_on(pair_plans: Sequence[PairPlan]) -> None:
            run.draft.take(pair_plans)
            images = sum(len(pair_plan.promotions) for pair_plan in pair_plans)
            if images:
                self._listener(CopyExpected(images=images))
                await send.send(pair_plans)

        async with receive, anyio.create_task_group() as tasks:
            tasks.start_soon(self._stages.copy, run, receive)
            async with send:
                await self._stages.list(run, hand_on, run.draft.pairs, late_s=self._settings.listing_late_s)


def _has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)
