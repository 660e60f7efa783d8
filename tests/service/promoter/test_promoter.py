"""The promoter from end to end, against hosts that are served over loopback."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import attrs
import pytest

from cip_async.checks.check import Subject
from cip_async.checks.layout import Layout
from cip_async.errors import InvalidSettings
from cip_async.events import Event, ImagePlaced
from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.inventory.store import InventoryStore
from cip_async.inventory.text import Output
from cip_async.model.finding import Finding, Severity
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.model.report import EdgeReport, Ending, Report
from cip_async.planning.changes import added
from cip_async.promoter import Promoter
from cip_async.reference import Tag, parse_repository
from cip_async.reporting.edges import all_edges, edges
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.totals import total
from tests.service.conftest import QUICK
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

FOREVER_MS = 3_600_000.0

both = pytest.mark.parametrize("quarantine", [False, True], ids=["abort", "quarantine"])


async def promote(make: MakePromoter, staging: Staging, *, quarantine: bool = False, **options: object) -> Report:
    async with make(staging, confirm=True, **options) as promoter:
        return await promoter.run(await staging.manifests(quarantine=quarantine), quarantine=quarantine)


def fates(report: Report) -> dict[Fate, int]:
    return dict(total(report).fates)


def fill(staging: Staging) -> None:
    staging.push("app", images.multi_arch(seed="multi"), "v1.0", "latest")
    staging.push("app", images.single(seed="old"), "v0.9")
    staging.push("tools/cli", images.single(seed="cli", image_format="docker"), "1.10")
    staging.push("tools/cli", images.single(seed="untagged"))


@both
@pytest.mark.parametrize("kind", ["staging", "plain"])
async def test_mirrors_hold_what_is_wanted_afterwards(
    kind: str,
    quarantine: bool,
    promoter_for: MakePromoter,
    request: pytest.FixtureRequest,
    staging: Staging,
    plain: Staging,
) -> None:
    registry = {"staging": staging, "plain": plain}[kind]
    fill(registry)

    report = await promote(promoter_for, registry, quarantine=quarantine)

    assert report.ending is Ending.COMPLETE
    assert fates(report) == {Fate.PROMOTED: 10}
    for mirror in registry.mirrors:
        assert registry.in_mirror(mirror) == registry.wanted_tags()
        store = registry.servers[mirror].store
        untagged = next(digest for digest, tags in registry.wanted["tools/cli"].items() if not tags)
        assert store.repository("prod/tools/cli").untagged == {untagged}
        assert not any(store.missing_content(path) for path in store.repositories())


@both
async def test_a_second_run_writes_nothing(quarantine: bool, promoter_for: MakePromoter, staging: Staging) -> None:
    fill(staging)
    await promote(promoter_for, staging, quarantine=quarantine)
    staging.forget_requests()

    report = await promote(promoter_for, staging, quarantine=quarantine)

    assert fates(report) == {Fate.ALREADY_PROMOTED: 10}
    assert staging.writes() == []
    assert staging.servers["gcr.io"].ledger.entries == []


@pytest.mark.parametrize("kind", ["staging", "plain"])
async def test_a_dry_run_sends_only_reads(
    kind: str, promoter_for: MakePromoter, staging: Staging, plain: Staging
) -> None:
    registry = {"staging": staging, "plain": plain}[kind]
    fill(registry)

    async with promoter_for(registry) as promoter:
        report = await promoter.run(await registry.manifests(), quarantine=True)

    assert report.dry_run
    assert fates(report) == {Fate.WOULD_PROMOTE: 10}
    assert {line.method for line in report.ledger} <= {"GET", "HEAD"}
    assert {entry.method for host in registry.servers.registries.values() for entry in host.ledger.entries} <= {
        "GET",
        "HEAD",
    }


async def test_a_dry_promoter_does_not_carry_out_a_plan(promoter_for: MakePromoter, staging: Staging) -> None:
    fill(staging)
    async with promoter_for(staging) as promoter:
        report = await promoter.promote(await promoter.plan(await staging.manifests()))
    assert fates(report) == {Fate.WOULD_PROMOTE: 10}
    assert staging.writes() == []


async def test_a_plan_of_one_promoter_can_be_carried_out_by_another(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    fill(staging)
    async with promoter_for(staging) as dry:
        plan = await dry.plan(await staging.manifests())
    async with promoter_for(staging, confirm=True) as promoter:
        report = await promoter.promote(plan)
    assert fates(report) == {Fate.PROMOTED: 10}
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()


class TestTagsThatAppearAfterTheListing:
    TAKER = images.single(seed="taker")

    async def planned(self, make: MakePromoter, staging: Staging) -> Plan:
        staging.push("app", images.single(seed="one"), "v1", "v2")
        async with make(staging, confirm=True) as promoter:
            plan = await promoter.plan(await staging.manifests())
        staging.hold("eu.gcr.io", "app", self.TAKER, "v1")
        staging.forget_requests()
        return plan

    def heads(self, staging: Staging) -> int:
        return sum(host.ledger.count(call_class="manifest-head") for host in staging.servers.registries.values())

    async def test_another_promoter_does_not_move_them(self, promoter_for: MakePromoter, staging: Staging) -> None:
        plan = await self.planned(promoter_for, staging)
        async with promoter_for(staging, confirm=True) as another:
            report = await another.promote(plan)
        assert fates(report) == {Fate.PROMOTED: 3, Fate.CONFLICT: 1}
        assert exit_code(report) is ExitCode.PARTLY
        assert staging.in_mirror("eu.gcr.io")["app"][Tag("v1")] == self.TAKER.digest
        assert self.heads(staging) == 4

    @pytest.mark.parametrize(
        "options", [{"settings": attrs.evolve(QUICK, listing_trusted_s=0.0)}, {"recheck_tags": True}]
    )
    async def test_nor_does_the_same_when_its_listing_is_old_or_never_trusted(
        self, promoter_for: MakePromoter, staging: Staging, options: dict[str, Any]
    ) -> None:
        staging.push("app", images.single(seed="one"), "v1")
        async with promoter_for(staging, confirm=True, **options) as promoter:
            plan = await promoter.plan(await staging.manifests())
            staging.hold("eu.gcr.io", "app", self.TAKER, "v1")
            report = await promoter.promote(plan)
        assert fates(report) == {Fate.PROMOTED: 1, Fate.CONFLICT: 1}
        assert staging.in_mirror("eu.gcr.io")["app"][Tag("v1")] == self.TAKER.digest

    async def test_a_plan_that_was_made_just_now_costs_no_asking(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True) as promoter:
            await promoter.promote(await promoter.plan(await staging.manifests()))
        assert self.heads(staging) == 0


async def test_a_run_that_changes_nothing_asks_each_mirror_once_and_no_source(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    image = images.single(seed="here")
    staging.push("app", image, "v1")
    for mirror in staging.mirrors:
        staging.hold(mirror, "app", image, "v1")

    report = await promote(promoter_for, staging)

    assert [(line.host, line.request_class, line.requests) for line in report.ledger] == [
        ("eu.gcr.io", "listing", 1),
        ("us.gcr.io", "listing", 1),
    ]


class TestConflicts:
    async def test_a_tag_that_points_elsewhere_stops_everything(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        fill(staging)
        staging.hold("eu.gcr.io", "app", images.single(seed="other"), "v1.0")

        report = await promote(promoter_for, staging)

        assert report.ending is Ending.CONFLICT
        assert exit_code(report) is ExitCode.WRONG
        assert fates(report) == {Fate.NOT_STARTED: 9, Fate.CONFLICT: 1}
        assert staging.writes() == []

    async def test_quarantine_leaves_out_that_tag_alone(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        other = images.single(seed="other")
        staging.hold("eu.gcr.io", "app", other, "v1.0")

        report = await promote(promoter_for, staging, quarantine=True)

        assert exit_code(report) is ExitCode.PARTLY
        assert fates(report) == {Fate.PROMOTED: 9, Fate.QUARANTINED: 1}
        expected = staging.wanted_tags()
        assert staging.in_mirror("us.gcr.io") == expected
        expected["app"] |= {"v1.0": other.digest}  # type: ignore[dict-item]  # a literal is a tag here
        assert staging.in_mirror("eu.gcr.io") == expected
        assert staging.servers["eu.gcr.io"].store.moved_tags() == []

    async def test_one_tag_with_two_digests_stops_everything(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        staging.push("app", images.single(seed="one"), "v1")
        staging.push("app", images.single(seed="two"), "v1")
        staging.push("app", images.single(seed="three"), "v3")

        report = await promote(promoter_for, staging)

        assert report.ending is Ending.CONFLICT
        assert fates(report) == {Fate.CONFLICT: 4, Fate.NOT_STARTED: 2}
        assert len(report.plan.overlaps) == 1
        assert staging.writes() == []

    async def test_a_digest_that_loses_all_its_tags_to_quarantine_is_not_promoted(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        one, two = images.single(seed="one"), images.single(seed="two")
        staging.push("app", one, "v1")
        staging.push("app", two, "v1")
        staging.push("app", images.single(seed="three"), "v3")

        report = await promote(promoter_for, staging, quarantine=True)

        assert fates(report) == {Fate.QUARANTINED: 4, Fate.PROMOTED: 2}
        held = staging.servers["eu.gcr.io"].store.repository("prod/app")
        assert list(held.tags) == ["v3"]
        assert not held.untagged


class TestLostImages:
    async def test_a_lost_image_is_a_warning_and_the_rest_is_promoted(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        staging.push("app", images.single(seed="there"), "v1")
        staging.want("app", images.single(seed="gone").digest, "v0")

        report = await promote(promoter_for, staging)

        assert fates(report) == {Fate.PROMOTED: 2, Fate.LOST: 2}
        assert exit_code(report) is ExitCode.DONE
        assert exit_code(report, strict=True) is not ExitCode.DONE

    async def test_a_source_of_which_everything_is_lost_is_a_conflict(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        staging.want("app", images.single(seed="gone").digest, "v0")

        report = await promote(promoter_for, staging)

        assert report.ending is Ending.CONFLICT
        assert [lost.entry.prefix for lost in report.plan.lost_sources] == ["staging"]

    @pytest.mark.parametrize("kind", ["staging", "plain"])
    async def test_a_missing_tag_is_written_though_the_source_lost_the_image(
        self, kind: str, promoter_for: MakePromoter, staging: Staging, plain: Staging
    ) -> None:
        registry = {"staging": staging, "plain": plain}[kind]
        image = images.multi_arch(seed="kept")
        registry.want("app", image.digest, "v1", "latest")
        for mirror in registry.mirrors:
            registry.hold(mirror, "app", image, "v1")

        report = await promote(promoter_for, registry)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 2, Fate.PROMOTED: 2}
        for mirror in registry.mirrors:
            assert registry.in_mirror(mirror) == registry.wanted_tags()
            assert {entry.call_class.value for entry in registry.servers[mirror].ledger.writes()} == {"tag-put"}

    async def test_an_untagged_digest_in_a_plain_mirror_is_found_before_it_is_called_lost(
        self, promoter_for: MakePromoter, plain: Staging
    ) -> None:
        image = images.single(seed="kept")
        plain.want("app", image.digest, "v1")
        for mirror in plain.mirrors:
            plain.hold(mirror, "app", image)

        report = await promote(promoter_for, plain)

        assert fates(report) == {Fate.PROMOTED: 2}
        assert plain.in_mirror("eu.example") == plain.wanted_tags()


class TestDeadMirrors:
    @both
    async def test_a_mirror_that_is_down_makes_its_own_edges_unknown_and_no_others(
        self, quarantine: bool, promoter_for: MakePromoter, staging: Staging, nobody: str
    ) -> None:
        fill(staging)
        staging.servers.endpoints["us.gcr.io"] = f"http://{nobody}"

        report = await promote(promoter_for, staging, quarantine=quarantine)

        assert fates(report) == {Fate.PROMOTED: 5, Fate.FAILED: 5}
        assert exit_code(report) is ExitCode.PARTLY
        failed = [edge for edge in edges(report) if edge.fate is Fate.FAILED]
        assert {edge.outcome for edge in failed} == {Outcome.UNKNOWN}
        assert {edge.destination.host for edge in failed} == {"us.gcr.io"}
        assert all("could not be listed" in edge.reason for edge in failed)
        assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()

    async def test_an_unreadable_source_makes_what_it_should_give_unknown_and_never_lost(
        self, promoter_for: MakePromoter, staging: Staging, nobody: str
    ) -> None:
        here = images.single(seed="here")
        staging.push("app", here, "v1")
        staging.push("app", images.single(seed="new"), "v2")
        for mirror in staging.mirrors:
            staging.hold(mirror, "app", here, "v1")
        staging.servers.endpoints["gcr.io"] = f"http://{nobody}"

        report = await promote(promoter_for, staging)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 2, Fate.FAILED: 2}
        assert staging.writes() == []


class TestSources:
    async def test_a_source_under_another_name_of_its_host_is_never_written(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        staging.push("app", images.single(seed="here"), "v1")
        staging.mirrors = ("alias.gcr.io",)
        staging.servers.endpoints["alias.gcr.io"] = staging.servers.endpoints["gcr.io"]
        staging.prefix = "staging"

        async with promoter_for(staging, confirm=True) as promoter:
            report = await promoter.run(await staging.manifests())

        assert fates(report) == {Fate.FAILED: 1}
        (edge,) = edges(report)
        assert "sources are read-only" in edge.reason
        assert staging.writes() == []


class TestFilters:
    async def test_only_and_to_limit_what_is_promoted(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True) as promoter:
            report = await promoter.run(await staging.manifests(), only=["tools/*"], to=["eu.*"])
        assert fates(report) == {Fate.PROMOTED: 2}
        assert list(staging.in_mirror("eu.gcr.io")) == ["tools/cli"]
        assert staging.servers["us.gcr.io"].ledger.entries == []

    async def test_filters_that_leave_nothing_are_an_error(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True) as promoter:
            with pytest.raises(InvalidSettings, match="the filter is 'nothing-like-this': expected"):
                await promoter.run(await staging.manifests(), only=["nothing-like-this"])

    async def test_each_glob_must_match_something(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True) as promoter:
            with pytest.raises(InvalidSettings, match="the filter is 'typo, us2"):
                await promoter.run(await staging.manifests(), only=["app", "typo"], to=["eu.*", "us2.*"])

    async def test_a_filter_does_not_hide_that_a_tag_is_wanted_twice(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        staging.push("kubernetes/pause", images.single(seed="one"), "3.9")
        other = attrs.evolve(staging, source_prefix="other", prefix="prod/kubernetes", wanted={})
        other.push("pause", images.single(seed="two"), "3.9")
        manifests = (*(await staging.manifests()).manifests, *(await other.manifests()).manifests)
        async with promoter_for(staging, confirm=True) as promoter:
            report = await promoter.run(PromoterManifests(manifests=manifests, problems=()), only=["kubernetes/*"])
        assert report.ending is Ending.CONFLICT
        assert staging.writes() == []

    async def test_a_part_has_the_conflicts_of_the_whole(self, promoter_for: MakePromoter, staging: Staging) -> None:
        staging.push("app", images.single(seed="one"), "v1")
        base = await staging.manifests()
        staging.push("app", images.single(seed="two"), "v1")
        now = await staging.manifests()
        async with promoter_for(staging, confirm=True) as promoter:
            report = await promoter.run(added(base, now), among=now)
        assert report.ending is Ending.CONFLICT
        assert staging.writes() == []


class TestNames:
    async def test_two_names_of_one_host_are_one_place(self, promoter_for: MakePromoter, staging: Staging) -> None:
        staging.push("app", images.single(seed="one"), "v1")
        other = attrs.evolve(staging, source_prefix="other", mirrors=("alias.gcr.io",), wanted={})
        staging.servers.endpoints["alias.gcr.io"] = staging.servers.endpoints["eu.gcr.io"]
        other.push("app", images.single(seed="two"), "v1")
        manifests = (*(await staging.manifests()).manifests, *(await other.manifests()).manifests)
        async with promoter_for(staging, confirm=True) as promoter:
            report = await promoter.run(PromoterManifests(manifests=manifests, problems=()))
        assert report.ending is Ending.CONFLICT
        assert staging.writes() == []


class TestServerSideOnly:
    async def test_a_relay_is_an_error(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        report = await promote(promoter_for, staging, server_side_only=True)
        assert fates(report) == {Fate.FAILED: 10}
        assert all("server side only" in edge.reason for edge in edges(report))
        assert staging.servers["eu.gcr.io"].store.open_uploads == 0

    async def test_mounts_within_a_host_are_not(self, promoter_for: MakePromoter, staging: Staging) -> None:
        staging.mirrors = ("gcr.io",)
        fill(staging)
        report = await promote(promoter_for, staging, server_side_only=True)
        assert fates(report) == {Fate.PROMOTED: 5}
        assert report.traffic.blobs_relayed == report.traffic.bytes_relayed == report.traffic.blobs_read == 0
        assert staging.in_mirror("gcr.io") == staging.wanted_tags()


def unanswered_posts(report: Report, host: str) -> int:
    """Requests that may have opened an upload of which nobody was told, since the run ended before the answer."""
    return sum(line.requests for line in report.ledger if (line.host, line.method, line.status) == (host, "POST", 0))


class TestCancellation:
    @both
    @pytest.mark.parametrize("after", [0, 1, 4])
    async def test_a_cancelled_run_reports_what_it_did_and_the_next_one_finishes(
        self, quarantine: bool, after: int, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        for number in range(6):
            staging.push("app", images.multi_arch(seed=f"image {number}"), f"v{number}", f"w{number}")
        manifests = await staging.manifests()
        placed: list[Event] = []
        scope = anyio.CancelScope()

        def stop(event: Event, /) -> None:
            if isinstance(event, ImagePlaced):
                placed.append(event)
            if len(placed) >= after:
                scope.cancel()

        async with promoter_for(staging, confirm=True, listener=stop) as promoter:
            with scope:
                await promoter.run(manifests, quarantine=quarantine)
            report = promoter.report()

        assert scope.cancelled_caught
        assert report.ending is Ending.INTERRUPTED
        assert exit_code(report) is ExitCode.INTERRUPTED
        assert sum(fates(report).values()) == 24
        assert {(edge.destination, edge.tag) for edge in promoted(report)} <= tags_in_mirrors(staging)
        for mirror in staging.mirrors:
            store = staging.servers[mirror].store
            assert store.open_uploads <= unanswered_posts(report, mirror)
            assert store.early_tags() == []
        finished = await promote(promoter_for, staging)
        assert fates(finished).keys() <= {Fate.PROMOTED, Fate.ALREADY_PROMOTED}
        assert staging.in_mirror("us.gcr.io") == staging.in_mirror("eu.gcr.io") == staging.wanted_tags()


class TestTimeLimits:
    async def test_a_run_out_of_time_ends_with_a_report_and_the_next_one_finishes(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        fill(staging)
        slow = staging.servers["us.gcr.io"]
        slow.latency.by_class[CallClass.UPLOAD] = FOREVER_MS
        manifests = await staging.manifests()
        async with promoter_for(staging, confirm=True) as promoter:
            with promoter.time_limit(1.0):
                await promoter.run(manifests)
            report = promoter.report()
        assert report.ending is Ending.TIMED_OUT
        assert exit_code(report) is ExitCode.PARTLY
        assert slow.store.open_uploads <= unanswered_posts(report, "us.gcr.io")
        slow.latency.by_class.clear()
        finished = await promote(promoter_for, staging)
        assert fates(finished).keys() <= {Fate.PROMOTED, Fate.ALREADY_PROMOTED}

    @pytest.mark.parametrize("timeout_s", [None, 1000.0])
    async def test_a_run_that_is_done_in_time_knows_nothing_of_it(
        self, promoter_for: MakePromoter, staging: Staging, timeout_s: float | None
    ) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True) as promoter:
            with promoter.time_limit(timeout_s):
                report = await promoter.run(await staging.manifests())
            assert report.ending is promoter.report().ending is Ending.COMPLETE

    async def test_a_caller_that_cancels_is_not_taken_for_it(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        fill(staging)
        manifests = await staging.manifests()
        async with promoter_for(staging, confirm=True) as promoter:
            with anyio.CancelScope() as scope, promoter.time_limit(1000.0):
                scope.cancel()
                await promoter.run(manifests)
            assert promoter.report().ending is Ending.INTERRUPTED

    @pytest.mark.parametrize("timeout_s", [0.0, -1.0, float("nan")])
    async def test_a_time_that_is_none_is_refused(
        self, promoter_for: MakePromoter, staging: Staging, timeout_s: float
    ) -> None:
        async with promoter_for(staging) as promoter:
            with pytest.raises(InvalidSettings, match="a number of seconds above 0"), promoter.time_limit(timeout_s):
                raise AssertionError


class TestAsALibrary:
    async def test_a_connector_is_used_and_left_open(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        async with aiohttp.TCPConnector() as connector:
            report = await promote(promoter_for, staging, connector=connector)
            assert not connector.closed
        assert fates(report) == {Fate.PROMOTED: 10}

    async def test_a_report_counts_the_requests_of_its_own_run(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True) as promoter:
            await promoter.run(await staging.manifests())
            again = await promoter.run(await staging.manifests())
        assert sum(line.requests for line in again.ledger) == 4

    async def test_a_report_in_the_middle_of_a_run_does_not_change_the_last_one(
        self, promoter_for: MakePromoter, staging: Staging
    ) -> None:
        fill(staging)
        unfinished: list[Report] = []

        def look(event: Event, /) -> None:
            if isinstance(event, ImagePlaced):
                unfinished.append(promoter.report())

        async with promoter_for(staging, confirm=True, listener=look) as promoter:
            report = await promoter.run(await staging.manifests())

        assert Fate.NOT_STARTED in fates(unfinished[0])
        assert fates(report) == {Fate.PROMOTED: 10}

    async def test_two_runs_at_once_are_refused(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        manifests = await staging.manifests()
        begun = anyio.Event()

        def tell(event: Event, /) -> None:
            begun.set()

        async def first() -> None:
            assert fates(await promoter.run(manifests)) == {Fate.PROMOTED: 10}

        async with (
            promoter_for(staging, confirm=True, listener=tell) as promoter,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(first)
            await begun.wait()
            with pytest.raises(RuntimeError, match="one promoter makes one run at a time"):
                await promoter.run(manifests)

    async def test_a_plan_that_failed_a_check_stays_refused(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        manifests = await staging.manifests()
        async with promoter_for(staging, confirm=True) as promoter:
            plan = await promoter.plan(manifests)
            await promoter.check(plan, [Layout(), _Never()], manifests=manifests)
            await promoter.plan(manifests)
            report = await promoter.promote(plan)
        assert report.ending is Ending.CHECK_FAILED
        assert exit_code(report) is ExitCode.WRONG
        assert staging.writes() == []

    async def test_a_report_needs_a_run(self, promoter_for: MakePromoter, staging: Staging) -> None:
        async with promoter_for(staging) as promoter:
            with pytest.raises(RuntimeError, match="nothing was run yet"):
                promoter.report()

    async def test_every_edge_is_in_the_report_once(self, promoter_for: MakePromoter, staging: Staging) -> None:
        fill(staging)
        report = await promote(promoter_for, staging)
        told = [(edge.destination, edge.digest, edge.tag) for edge in all_edges(report)]
        assert len(told) == len(set(told)) == 10

    async def test_a_snapshot_shows_what_a_run_promoted(self, promoter_for: MakePromoter, staging: Staging) -> None:
        staging.push("app", images.single(seed="one"), "v1")
        await promote(promoter_for, staging)
        (digest,) = staging.wanted["app"]
        async with promoter_for(staging) as promoter, promoter.snapshot("eu.gcr.io/prod") as snapshot:
            text = "".join([piece async for piece in snapshot.text(Output.CSV)])
        assert text == f"app@{digest},app:v1\n"

    def test_an_unknown_listing_strategy_is_refused(self) -> None:
        with pytest.raises(InvalidSettings, match="expected oci or google"):
            Promoter(strategies={"example.com": "artifactory"})


class TestInventoryFile:
    async def test_listings_are_kept_in_the_file(
        self, promoter_for: MakePromoter, staging: Staging, tmp_path: Path
    ) -> None:
        fill(staging)
        path = tmp_path / "inventory.db"
        await promote(promoter_for, staging, inventory=path)
        async with InventoryStore.opened(path) as store:
            listing = await store.get(parse_repository("gcr.io/staging/app"))
        assert listing is not None
        assert set(staging.wanted["app"]) <= set(listing.digests)


@attrs.frozen
class _Never:
    """A check that nothing passes."""

    name: str = "never"

    async def findings(self, subject: Subject) -> Sequence[Finding]:
        return [Finding(check=self.name, severity=Severity.ERROR, place=None, message="no")]


def promoted(report: Report) -> list[EdgeReport]:
    return [edge for edge in all_edges(report) if edge.fate is Fate.PROMOTED]


def tags_in_mirrors(staging: Staging) -> set[object]:
    return {
        (parse_repository(f"{mirror}/prod/{name}"), tag)
        for mirror in staging.mirrors
        for name, tags in staging.in_mirror(mirror).items()
        for tag in tags
    }


async def test_a_host_that_was_given_up_is_asked_again_by_the_next_run(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    staging.push("app", images.single(seed="app"), "v1")
    staging.servers["eu.gcr.io"].faults.add("500")
    async with promoter_for(staging, confirm=True) as promoter:
        failed = await promoter.run(await staging.manifests())
        staging.servers["eu.gcr.io"].faults.clear()
        healed = await promoter.run(await staging.manifests())
    assert fates(failed) == {Fate.FAILED: 1, Fate.PROMOTED: 1}
    assert fates(healed) == {Fate.PROMOTED: 1, Fate.ALREADY_PROMOTED: 1}


async def test_a_mirror_may_be_a_source_between_two_runs_that_write_to_it(
    promoter_for: MakePromoter, staging: Staging
) -> None:
    first = attrs.evolve(staging, mirrors=("eu.gcr.io",), wanted={})
    onwards = attrs.evolve(first, source="eu.gcr.io", source_prefix="prod", mirrors=("us.gcr.io",), wanted={})
    async with promoter_for(staging, confirm=True) as promoter:
        for seed in ("one", "two"):
            image = images.single(seed=seed)
            first.push("app", image, seed)
            onwards.want("app", image.digest, seed)
            for hop in (first, onwards):
                report = await promoter.run(await hop.manifests())
                assert fates(report)[Fate.PROMOTED] == 1
    assert staging.in_mirror("us.gcr.io") == onwards.wanted_tags()
