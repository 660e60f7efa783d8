"""Runs that list once more what they have written to: what is not as it is wanted then has failed."""

from collections.abc import Callable

import pytest

from cip_async.events import Event, ImagePlaced
from cip_async.fake_registry import images
from cip_async.fake_registry.faults import FaultKind
from cip_async.fake_registry.images import push
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.report import Report
from cip_async.promoter import Promoter
from cip_async.reference import Tag
from cip_async.reporting.edges import all_edges, edges
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.totals import total
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MakePromoter = Callable[..., Promoter]

OLD = images.single(seed="old")
NEW = images.single(seed="new")
kinds = pytest.mark.parametrize("kind", ["staging", "plain"])
both = pytest.mark.parametrize("quarantine", [False, True], ids=["abort", "quarantine"])


@pytest.fixture
def mirrors(kind: str, request: pytest.FixtureRequest, staging: Staging, plain: Staging) -> Staging:
    """In every mirror `app` has an old image and is to get a new one, and `done` has all that is wanted."""
    chosen = {"staging": staging, "plain": plain}[kind]
    for name, image, tag in (("app", OLD, "v1"), ("done", OLD, "v1")):
        chosen.push(name, image, tag)
        for mirror in chosen.mirrors:
            chosen.hold(mirror, name, image, tag)
    chosen.push("app", NEW, "v2")
    return chosen


async def verified_run(
    make: MakePromoter, mirrors: Staging, when_placed: Callable[[str], object], *, quarantine: bool
) -> Report:
    """A run during which something happens each time that an image was placed in a host."""

    def listener(event: Event, /) -> None:
        if isinstance(event, ImagePlaced):
            when_placed(event.destination.host)

    async with make(mirrors, confirm=True, listener=listener) as promoter:
        return await promoter.run(await mirrors.manifests(), quarantine=quarantine, verify=True)


@kinds
@both
async def test_what_was_written_to_is_listed_once_more_and_nothing_else(
    quarantine: bool, mirrors: Staging, promoter_for: MakePromoter
) -> None:
    report = await verified_run(promoter_for, mirrors, lambda _: None, quarantine=quarantine)
    assert exit_code(report) is ExitCode.DONE
    assert report.verified_listings == 2
    for mirror in mirrors.mirrors:
        listed = [entry.target for entry in mirrors.servers[mirror].ledger.entries if "/tags/list" in entry.target]
        assert sum("/prod/app/" in target for target in listed) == 2
        assert sum("/prod/done/" in target for target in listed) <= 1


@kinds
@both
async def test_a_tag_that_is_gone_after_the_run_has_failed(
    quarantine: bool, mirrors: Staging, promoter_for: MakePromoter
) -> None:
    first, _ = mirrors.mirrors

    def lose(host: str) -> None:
        if host == first:
            mirrors.servers[host].store.drop_tag("prod/app", Tag("v2"))

    report = await verified_run(promoter_for, mirrors, lose, quarantine=quarantine)

    [failed] = [edge for edge in edges(report) if edge.fate is Fate.FAILED]
    assert (failed.destination.host, failed.tag, failed.digest) == (first, "v2", NEW.digest)
    assert failed.reason == "verified after the run: the image is there, and the tag is not"
    assert total(report).fates == {Fate.FAILED: 1, Fate.PROMOTED: 1, Fate.ALREADY_PROMOTED: 4}
    assert exit_code(report) is ExitCode.PARTLY


@kinds
@both
async def test_what_was_there_before_and_has_moved_has_failed_too(
    quarantine: bool, mirrors: Staging, promoter_for: MakePromoter
) -> None:
    first, _ = mirrors.mirrors

    def move(host: str) -> None:
        if host == first:
            push(mirrors.servers[host].store, "prod/app", images.single(seed="intruder"), [Tag("v1")])

    report = await verified_run(promoter_for, mirrors, move, quarantine=quarantine)

    [failed] = [edge for edge in edges(report) if edge.fate is Fate.FAILED]
    assert (failed.tag, failed.digest, failed.outcome) == ("v1", OLD.digest, Outcome.ALREADY_PROMOTED)
    assert "the tag points to" in failed.reason
    assert total(report).fates == {Fate.FAILED: 1, Fate.PROMOTED: 2, Fate.ALREADY_PROMOTED: 3}
    assert sum(1 for _ in all_edges(report)) == 6


@kinds
@both
async def test_what_cannot_be_listed_after_the_run_has_failed(
    quarantine: bool, mirrors: Staging, promoter_for: MakePromoter
) -> None:
    first, _ = mirrors.mirrors

    def stop_listing(host: str) -> None:
        if host == first:
            mirrors.servers[host].faults.add(FaultKind.ERROR_500, on=["tags"])

    report = await verified_run(promoter_for, mirrors, stop_listing, quarantine=quarantine)

    failed = [edge for edge in edges(report) if edge.fate is Fate.FAILED]
    assert {(edge.destination.host, edge.tag) for edge in failed} == {(first, "v1"), (first, "v2")}
    assert all(edge.reason.startswith("verified after the run: the destination could not be") for edge in failed)


@kinds
async def test_an_edge_that_failed_anyway_keeps_its_reason(mirrors: Staging, promoter_for: MakePromoter) -> None:
    first, _ = mirrors.mirrors
    mirrors.push("app", images.single(seed="newer"), "v3")
    mirrors.servers[first].faults.add(FaultKind.WRONG_DIGEST, on=["tag-put"], subject="v3")
    report = await verified_run(promoter_for, mirrors, lambda _: None, quarantine=False)
    [failed] = [edge for edge in edges(report) if edge.fate is Fate.FAILED]
    assert "the registry stored" in failed.reason


@pytest.mark.parametrize("kind", ["plain"])
async def test_a_run_that_wrote_nothing_lists_nothing_again(mirrors: Staging, promoter_for: MakePromoter) -> None:
    await verified_run(promoter_for, mirrors, lambda _: None, quarantine=False)
    mirrors.forget_requests()
    report = await verified_run(promoter_for, mirrors, lambda _: None, quarantine=False)
    assert report.verified_listings == 0
