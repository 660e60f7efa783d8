"""What an inventory file spares the next run, to the request, and what it must never do."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from anyio import to_thread

from cip_async.errors import FileProblem, InvalidSettings
from cip_async.events import Event, ImagePlaced, ListingTrusted
from cip_async.fake_registry import images
from cip_async.fake_registry.images import Image
from cip_async.model.outcome import Fate
from cip_async.model.report import Ending, Report
from cip_async.promoter import Promoter
from cip_async.reference import Digest, Tag
from cip_async.reporting.edges import edges
from cip_async.reporting.totals import total
from tests.service.conftest import QUICK, ServeHosts
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

HOUR_S = 3_600.0
MULTI = images.multi_arch(seed="multi")
SINGLE = images.single(seed="single")
UNTAGGED = images.single(seed="untagged")
OTHER = images.single(seed="other")

both = pytest.mark.parametrize("quarantine", [False, True], ids=["abort", "quarantine"])
kinds = pytest.mark.parametrize("kind", ["staging", "plain"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "inventory"


@pytest.fixture
def registry(kind: str, staging: Staging, plain: Staging) -> Staging:
    return {"staging": staging, "plain": plain}[kind]


async def run(
    make: MakePromoter, staging: Staging, file: Path | None, *, quarantine: bool = False, **options: object
) -> Report:
    options = {"confirm": True, "inventory": file, **options}
    async with make(staging, **options) as promoter:
        return await promoter.run(await staging.manifests(quarantine=quarantine), quarantine=quarantine)


def fill(staging: Staging) -> None:
    """Three repositories: one with an index of two tags, one with a tag, one with an image that has none."""
    staging.push("multi", MULTI, "v1", "latest")
    staging.push("single", SINGLE, "v1")
    staging.push("untagged", UNTAGGED)


def fates(report: Report) -> dict[Fate, int]:
    return dict(total(report).fates)


def requests(staging: Staging, host: str, *classes: str) -> dict[str, int]:
    """How many requests a host got since they were forgotten; only of `classes`, if any are named."""
    counts = Counter(entry.call_class.value for entry in staging.servers[host].ledger.entries)
    return {name: number for name, number in counts.items() if not classes or name in classes}


def asked(staging: Staging, host: str) -> set[str]:
    """The repositories of a host that got requests."""
    return {entry.repository for entry in staging.servers[host].ledger.entries}


def all_requests(staging: Staging) -> int:
    return sum(len(host.ledger.entries) for host in staging.servers.registries.values())


async def change(file: Path, statement: str) -> None:
    """Change the file, as time, another program or a bad disk would."""

    def execute() -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(statement)
            connection.commit()

    await to_thread.run_sync(execute)


def documents(wanted: Iterable[Image]) -> int:
    return len({member.digest for image in wanted for member in image.family()})


class TestTrust:
    @both
    @kinds
    async def test_what_was_promoted_is_not_asked_for_again(
        self, quarantine: bool, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(registry)
        first = await run(promoter_for, registry, file, quarantine=quarantine, trust_inventory_s=HOUR_S)
        registry.forget_requests()
        events: list[Event] = []

        second = await run(
            promoter_for, registry, file, quarantine=quarantine, trust_inventory_s=HOUR_S, listener=events.append
        )

        assert (fates(first), first.trusted_listings) == ({Fate.PROMOTED: 8}, 0)
        assert (fates(second), second.trusted_listings) == ({Fate.ALREADY_PROMOTED: 8}, 6)
        assert all_requests(registry) == 0
        trusted = [event for event in events if isinstance(event, ListingTrusted)]
        assert len(trusted) == 6
        assert all(0 <= event.age_s < HOUR_S for event in trusted)

    @kinds
    async def test_what_a_dry_run_saw_is_trusted_too(
        self, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(registry)
        await run(promoter_for, registry, None)
        await run(promoter_for, registry, file, confirm=False)
        registry.forget_requests()
        report = await run(promoter_for, registry, file, confirm=False, trust_inventory_s=HOUR_S)
        assert fates(report) == {Fate.ALREADY_PROMOTED: 8}
        assert all_requests(registry) == 0

    async def test_without_trust_each_mirror_is_listed(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        await run(promoter_for, staging, file)
        staging.forget_requests()
        report = await run(promoter_for, staging, file)
        assert (fates(report), report.trusted_listings) == ({Fate.ALREADY_PROMOTED: 8}, 0)
        assert [requests(staging, host) for host in ("gcr.io", *staging.mirrors)] == [{}, {"tags": 3}, {"tags": 3}]

    async def test_without_trust_a_plain_mirror_is_asked_for_what_it_had_and_not_listed(
        self, plain: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(plain)
        await run(promoter_for, plain, file)
        plain.forget_requests()
        await run(promoter_for, plain, file)
        assert [requests(plain, mirror) for mirror in plain.mirrors] == [{"manifest-head": 4}] * 2
        plain.forget_requests()
        await run(promoter_for, plain, None)
        assert [requests(plain, mirror) for mirror in plain.mirrors] == [{"tags": 1, "manifest-head": 4}] * 2

    @pytest.mark.parametrize("read_at", ["read_at - 3601", "read_at + 3600"], ids=["too old", "from the future"])
    async def test_a_listing_that_is_not_young_is_read_anew(
        self, read_at: str, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        await run(promoter_for, staging, file)
        await change(file, f"UPDATE repository SET read_at = {read_at} WHERE path = 'prod/multi'")
        staging.forget_requests()

        report = await run(promoter_for, staging, file, trust_inventory_s=HOUR_S)

        assert (fates(report), report.trusted_listings) == ({Fate.ALREADY_PROMOTED: 8}, 4)
        assert [asked(staging, mirror) for mirror in staging.mirrors] == [{"prod/multi"}] * 2

    async def test_a_listing_that_was_read_anew_is_young_again(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        await run(promoter_for, staging, file)
        await change(file, "UPDATE repository SET read_at = 0")
        await run(promoter_for, staging, file, trust_inventory_s=HOUR_S)
        staging.forget_requests()
        await run(promoter_for, staging, file, trust_inventory_s=HOUR_S)
        assert all_requests(staging) == 0

    @kinds
    async def test_only_where_something_new_is_wanted_a_mirror_is_asked(
        self, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(registry)
        await run(promoter_for, registry, file)
        registry.push("single", OTHER, "v2")
        registry.forget_requests()

        report = await run(promoter_for, registry, file, trust_inventory_s=HOUR_S)

        assert (fates(report), report.trusted_listings) == ({Fate.ALREADY_PROMOTED: 8, Fate.PROMOTED: 2}, 4)
        for mirror in registry.mirrors:
            assert asked(registry, mirror) == {"prod/single"}
            assert registry.in_mirror(mirror) == registry.wanted_tags()

    @kinds
    async def test_what_the_file_says_is_lacking_is_not_believed(
        self, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(registry)
        await run(promoter_for, registry, file, confirm=False)
        registry.hold(registry.mirrors[0], "single", OTHER, "v1")
        registry.forget_requests()

        report = await run(promoter_for, registry, file, trust_inventory_s=HOUR_S)

        assert (report.ending, fates(report)[Fate.CONFLICT]) == (Ending.CONFLICT, 1)
        assert registry.writes() == []
        assert registry.in_mirror(registry.mirrors[0])["single"] == {Tag("v1"): OTHER.digest}

    @kinds
    async def test_a_conflict_in_the_file_stops_no_run_that_has_none(
        self, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(registry)
        registry.hold(registry.mirrors[0], "single", OTHER, "v1")
        assert (await run(promoter_for, registry, file)).ending is Ending.CONFLICT
        registry.hold(registry.mirrors[0], "single", SINGLE, "v1")
        report = await run(promoter_for, registry, file, trust_inventory_s=HOUR_S)
        assert (report.ending, fates(report)) == (Ending.COMPLETE, {Fate.ALREADY_PROMOTED: 1, Fate.PROMOTED: 7})

    async def test_what_could_not_be_written_is_asked_for_again(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        staging.servers["eu.gcr.io"].faults.add("500", on=["tag-put"])
        failed = await run(promoter_for, staging, file)
        staging.servers["eu.gcr.io"].faults.clear()
        staging.forget_requests()

        healed = await run(promoter_for, staging, file, trust_inventory_s=HOUR_S)

        assert fates(failed)[Fate.FAILED] == 3
        assert fates(healed)[Fate.PROMOTED] == 3
        assert {"prod/multi", "prod/single"} <= asked(staging, "eu.gcr.io")
        assert asked(staging, "us.gcr.io") == set()
        assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()

    async def test_another_registry_of_the_same_name_is_not_trusted(
        self, staging: Staging, promoter_for: MakePromoter, file: Path, serve_hosts: ServeHosts, tmp_path: Path
    ) -> None:
        fill(staging)
        await run(promoter_for, staging, file)
        elsewhere = attrs.evolve(staging, servers=await serve_hosts("gcr.io", *staging.mirrors), wanted={})
        fill(elsewhere)
        oci = dict.fromkeys(elsewhere.servers.endpoints, "oci")
        report = await run(promoter_for, elsewhere, file, trust_inventory_s=HOUR_S, strategies=oci)
        assert (fates(report), report.trusted_listings) == ({Fate.PROMOTED: 8}, 0)

    async def test_an_interrupted_run_has_noted_what_it_placed(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        placed: list[ImagePlaced] = []

        def stop(event: Event, /) -> None:
            if isinstance(event, ImagePlaced):
                placed.append(event)
                scope.cancel()

        with anyio.CancelScope() as scope:
            await run(promoter_for, staging, file, listener=stop)
        assert scope.cancelled_caught
        staging.forget_requests()
        report = await run(promoter_for, staging, file, trust_inventory_s=HOUR_S)
        assert report.trusted_listings == len(placed) > 0
        noted = {(event.destination.host, event.destination.path) for event in placed}
        assert not {(mirror, path) for mirror in staging.mirrors for path in asked(staging, mirror)} & noted
        assert all(staging.in_mirror(mirror) == staging.wanted_tags() for mirror in staging.mirrors)

    def test_nothing_can_be_trusted_without_a_file(self, promoter_for: MakePromoter, tmp_path: Path) -> None:
        nonsense: list[dict[str, Any]] = [
            {"trust_inventory_s": 60.0},
            {"trust_inventory_s": 0.0, "inventory": tmp_path / "inventory"},
        ]
        for options in nonsense:
            with pytest.raises(InvalidSettings, match="expected a number of seconds above 0, and an inventory"):
                Promoter(**options)


class TestDocuments:
    async def test_a_new_mirror_costs_no_read_of_a_manifest(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        one = attrs.evolve(staging, mirrors=("eu.gcr.io",))
        await run(promoter_for, one, file)
        assert requests(staging, "gcr.io", "manifest-get") == {"manifest-get": documents((MULTI, SINGLE, UNTAGGED))}
        staging.forget_requests()

        report = await run(promoter_for, staging, file)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 4, Fate.PROMOTED: 4}
        assert staging.in_mirror("us.gcr.io") == staging.wanted_tags()
        of_manifests = ("tags", "manifest-get", "manifest-head")
        assert requests(staging, "gcr.io", *of_manifests) == {"manifest-head": 3}
        assert [requests(staging, mirror, *of_manifests) for mirror in staging.mirrors] == [{"tags": 3}] * 2

    async def test_of_several_known_digests_googles_listing_tells_at_once(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        for image in (MULTI, SINGLE, UNTAGGED):
            staging.push("app", image)
        await run(promoter_for, attrs.evolve(staging, mirrors=("eu.gcr.io",)), file)
        staging.forget_requests()

        await run(promoter_for, staging, file)

        assert requests(staging, "gcr.io", "tags", "manifest-get", "manifest-head") == {"tags": 1}

    async def test_a_plain_source_is_asked_by_a_head_whether_it_holds_what_is_known(
        self, plain: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(plain)
        one = attrs.evolve(plain, mirrors=("eu.example",))
        await run(promoter_for, one, file)
        plain.forget_requests()

        report = await run(promoter_for, plain, file)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 4, Fate.PROMOTED: 4}
        assert plain.in_mirror("us.example") == plain.wanted_tags()
        assert requests(plain, "staging.example", "tags", "manifest-get", "manifest-head") == {"manifest-head": 3}

    @pytest.mark.parametrize("kind", ["staging", "plain"])
    async def test_what_a_dry_run_read_is_not_read_again(
        self, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(registry)
        await run(promoter_for, registry, file, confirm=False)
        assert requests(registry, registry.source, "manifest-get") == {"manifest-get": 3}
        registry.forget_requests()
        await run(promoter_for, registry, file)
        unread = documents((MULTI, SINGLE, UNTAGGED)) - 3
        assert requests(registry, registry.source, "manifest-get") == {"manifest-get": unread}
        assert all(registry.in_mirror(mirror) == registry.wanted_tags() for mirror in registry.mirrors)

    @pytest.mark.parametrize("kind", ["staging", "plain"])
    async def test_a_new_tag_of_a_known_digest_costs_only_its_put(
        self, kind: str, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        registry.push("multi", MULTI, "v1")
        await run(promoter_for, registry, file)
        registry.want("multi", MULTI.digest, "v2")
        registry.forget_requests()

        await run(promoter_for, registry, file)

        assert requests(registry, registry.source) == {"manifest-head": 1}
        listing = {"tags": 1} if kind == "staging" else {"manifest-head": 2}
        assert [requests(registry, mirror) for mirror in registry.mirrors] == [{**listing, "tag-put": 1}] * 2

    async def test_a_retry_reads_no_manifest_again(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        for mirror in staging.mirrors:
            staging.servers[mirror].faults.add("500", on=["tag-put", "manifest-put"])
        assert fates(await run(promoter_for, staging, file)) == {Fate.FAILED: 8}
        for mirror in staging.mirrors:
            staging.servers[mirror].faults.clear()
        staging.forget_requests()
        assert fates(await run(promoter_for, staging, file)) == {Fate.PROMOTED: 8}
        assert requests(staging, "gcr.io", "manifest-get") == {}

    async def test_a_manifest_that_a_plain_source_lost_is_lost_though_it_is_known(
        self, plain: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(plain)
        await run(promoter_for, attrs.evolve(plain, mirrors=("eu.example",)), file)
        plain.servers["staging.example"].store.drop_document("staging/single", SINGLE.digest)
        plain.forget_requests()

        report = await run(promoter_for, plain, file)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 4, Fate.PROMOTED: 3, Fate.LOST: 1}
        (lost,) = (edge for edge in edges(report) if edge.fate is Fate.LOST)
        assert (str(lost.destination), lost.digest) == ("us.example/prod/single", SINGLE.digest)
        assert "single" not in plain.in_mirror("us.example")

    @kinds
    async def test_a_layer_that_the_source_lost_fails_the_image_with_its_name(
        self, registry: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        registry.push("single", SINGLE, "v1")
        registry.push("other", OTHER, "v1")
        await run(promoter_for, attrs.evolve(registry, mirrors=registry.mirrors[:1]), file)
        layer = next(iter(SINGLE.blobs))
        registry.servers[registry.source].store.drop_blob("staging/single", Digest(layer))

        report = await run(promoter_for, registry, file)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 2, Fate.PROMOTED: 1, Fate.FAILED: 1}
        (failed,) = (edge for edge in edges(report) if edge.fate is Fate.FAILED)
        assert layer in failed.reason
        assert registry.in_mirror(registry.mirrors[1]) == {"other": {Tag("v1"): OTHER.digest}, "single": {}}

    @pytest.mark.parametrize("damage", ["body = x'00'", "media_type = (SELECT max(id) FROM media_type)"])
    async def test_what_was_damaged_in_the_file_is_read_again(
        self, damage: str, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        one = attrs.evolve(staging, mirrors=("eu.gcr.io",))
        await run(promoter_for, one, file)
        await change(file, "INSERT INTO media_type (name) VALUES ('application/vnd.oci.image.index.v1+json; x')")
        await change(file, f"UPDATE document SET {damage}")
        staging.forget_requests()

        report = await run(promoter_for, staging, file)

        assert fates(report) == {Fate.ALREADY_PROMOTED: 4, Fate.PROMOTED: 4}
        assert staging.in_mirror("us.gcr.io") == staging.wanted_tags()
        assert requests(staging, "gcr.io", "manifest-get")["manifest-get"] > 0
        staging.forget_requests()
        await run(promoter_for, attrs.evolve(staging, mirrors=(*staging.mirrors, "gcr.io"), prefix="prod"), file)
        assert requests(staging, "gcr.io", "manifest-get") == {}

    async def test_documents_have_a_bound(self, staging: Staging, promoter_for: MakePromoter, file: Path) -> None:
        fill(staging)
        settings = attrs.evolve(QUICK, kept_documents_bytes=0)
        await run(promoter_for, attrs.evolve(staging, mirrors=("eu.gcr.io",)), file, settings=settings)
        staging.forget_requests()
        await run(promoter_for, staging, file, settings=settings)
        assert requests(staging, "gcr.io", "manifest-get") == {"manifest-get": documents((MULTI, SINGLE, UNTAGGED))}


class TestOneFile:
    async def test_two_promoters_cannot_have_it_at_once(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True, inventory=file) as first:
            plan = await first.plan(await staging.manifests())
            staging.forget_requests()
            with pytest.raises(FileProblem) as refused:
                await run(promoter_for, staging, file)
            assert str(refused.value) == f"{file}: is in use by another process: let it end, or name another file"
            assert all_requests(staging) == 0
            assert fates(await first.promote(plan)) == {Fate.PROMOTED: 8}
        staging.forget_requests()
        report = await run(promoter_for, staging, file, trust_inventory_s=HOUR_S)
        assert (fates(report), all_requests(staging)) == ({Fate.ALREADY_PROMOTED: 8}, 0)

    async def test_one_promoter_has_it_for_all_its_runs(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True, inventory=file, trust_inventory_s=HOUR_S) as promoter:
            await promoter.run(await staging.manifests())
            staging.forget_requests()
            again = await promoter.run(await staging.manifests())
        assert (fates(again), again.trusted_listings) == ({Fate.ALREADY_PROMOTED: 8}, 6)
        assert all_requests(staging) == 0

    async def test_a_file_that_fails_ends_the_keeping_and_not_the_promotion(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        async with promoter_for(staging, confirm=True, inventory=file) as promoter:
            plan = await promoter.plan(await staging.manifests())
            store = promoter._keeping.store
            assert store is not None
            await to_thread.run_sync(store._database._connection.execute, "PRAGMA query_only = ON")
            with pytest.raises(FileProblem) as failed:
                await promoter.promote(plan)
            report = promoter.report()

        assert str(failed.value) == f"{file}: cannot be written: file and folder must be writable"
        assert (report.ending, fates(report)) == (Ending.COMPLETE, {Fate.PROMOTED: 8})
        assert all(staging.in_mirror(mirror) == staging.wanted_tags() for mirror in staging.mirrors)

    async def test_a_failure_of_the_file_hides_no_conflict(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        staging.hold("eu.gcr.io", "single", OTHER, "v1")
        async with promoter_for(staging, confirm=True, inventory=file) as promoter:
            plan = await promoter.plan(await staging.manifests())
            store = promoter._keeping.store
            assert store is not None
            await to_thread.run_sync(store._database._connection.execute, "PRAGMA query_only = ON")
            report = await promoter.promote(plan)
        assert report.ending is Ending.CONFLICT

    async def test_a_damaged_file_is_named_before_anything_is_asked(
        self, staging: Staging, promoter_for: MakePromoter, file: Path
    ) -> None:
        fill(staging)
        await run(promoter_for, staging, file)
        await to_thread.run_sync(lambda: file.write_bytes(file.read_bytes()[:100] + b"\xff" * 50_000))
        staging.forget_requests()
        with pytest.raises(FileProblem) as refused:
            await run(promoter_for, staging, file)
        assert str(refused.value) == f"{file}: is damaged: remove it, and it will be written anew"
        assert all_requests(staging) == 0
