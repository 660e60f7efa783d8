"""What is told of promotions that ended, and of those that did not."""

from cip_async.copying.graph import Want
from cip_async.copying.progress import Progress
from cip_async.errors import CipError, TagTaken, Unavailable
from cip_async.model.outcome import Fate
from cip_async.model.plan import Pair, PairPlan, Promotion
from cip_async.model.promoter_manifest import WantedImage
from cip_async.model.report import Traffic
from cip_async.reference import RegistryPath, Repository, Tag, parse_tag
from tests.unit.copying.samples import EU, SOURCE, blob, digest, want

ERROR = Unavailable("eu.gcr.io", "PUT /v2/prod/app/manifests/v1", "status 500")
V1, V2 = parse_tag("v1"), parse_tag("v2")


def pair_plan(*promotions: tuple[str, tuple[Tag, ...]], to: Repository = EU) -> PairPlan:
    return PairPlan(
        pair=Pair(
            image=WantedImage(source=SOURCE, wants=()),
            destination=to,
            source_entry=RegistryPath(SOURCE.host, "staging"),
            destination_entry=RegistryPath(to.host, "prod"),
        ),
        already_promoted=0,
        promotions=tuple(
            Promotion(digest=digest(name), tags=tags, in_destination=False, in_source=True) for name, tags in promotions
        ),
        setbacks=(),
    )


def fates(progress: Progress) -> dict[tuple[str, Tag | None], Fate]:
    names = {digest(name): name for name in ("one", "two")}
    return {(names[failure.digest], failure.tag): failure.fate for failure in progress.failures.values()}


ONE, TWO = want("one", "v1", "v2"), want("two")
PLAN = pair_plan(("one", (V1, V2)), ("two", ()))


def begun() -> Progress:
    progress = Progress()
    progress.expect(PLAN)
    return progress


def end(progress: Progress, *wants: Want) -> list[bool]:
    return [progress.end(each, {}) for each in wants]


def test_a_pair_is_complete_when_its_last_promotion_ended() -> None:
    assert end(begun(), ONE, TWO) == [False, True]


def test_pairs_are_complete_apart() -> None:
    other = Repository(EU.host, "prod/other")
    progress = begun()
    progress.expect(pair_plan(("one", (V1,)), to=other))
    assert end(progress, want("one", "v1", to=other)) == [True]
    assert end(progress, ONE, TWO) == [False, True]


def test_what_was_promoted_is_no_failure() -> None:
    progress = begun()
    end(progress, ONE, TWO)
    progress.failures.update(progress.undone(PLAN, "interrupted"))
    assert progress.failures == {}


def test_a_tag_that_failed_is_told_with_its_reason() -> None:
    progress = begun()
    progress.end(ONE, {V2: ERROR})
    (failure,) = progress.failures.values()
    assert (failure.tag, failure.fate, failure.reason) == (V2, Fate.FAILED, str(ERROR))


def test_a_tagless_promotion_that_failed_is_told_too() -> None:
    progress = begun()
    failures: dict[Tag | None, CipError] = {None: ERROR}
    progress.end(TWO, failures)
    assert fates(progress) == {("two", None): Fate.FAILED}


def test_what_did_not_end_was_not_done() -> None:
    progress = begun()
    progress.end(ONE, {V1: ERROR})
    progress.failures.update(progress.undone(PLAN, "interrupted"))
    assert fates(progress) == {("one", V1): Fate.FAILED, ("two", None): Fate.NOT_STARTED}


def test_a_tag_that_was_written_before_the_end_was_done() -> None:
    progress = begun()
    progress.tagged(ONE, [V1])
    progress.failures.update(progress.undone(PLAN, "interrupted"))
    assert fates(progress) == {("one", V2): Fate.NOT_STARTED, ("two", None): Fate.NOT_STARTED}


def test_a_digest_that_is_wanted_with_tags_and_without_is_two_promotions() -> None:
    plan = pair_plan(("one", (V1,)), ("one", ()))
    progress = Progress()
    progress.expect(plan)
    assert end(progress, want("one", "v1"), want("one")) == [False, True]


def test_what_is_undone_is_no_failure_yet() -> None:
    progress = begun()
    assert len(dict(progress.undone(PLAN, "interrupted"))) == 3
    assert progress.failures == {}


def test_a_pair_that_was_never_begun_was_not_done() -> None:
    progress = Progress()
    progress.failures.update(progress.undone(PLAN, "interrupted"))
    assert set(fates(progress)) == {("one", V1), ("one", V2), ("two", None)}


def test_blobs_and_their_bytes_are_counted() -> None:
    progress = begun()
    for _ in range(3):
        progress.mounted(blob("layer"))
    for _ in range(2):
        progress.relayed(blob("layer"))
    progress.read(blob("layer"))
    assert progress.traffic() == Traffic(
        blobs_mounted=3, bytes_mounted=30, blobs_relayed=2, bytes_relayed=20, blobs_read=1, bytes_read=10
    )


def test_a_digest_that_is_wanted_with_a_tag_and_without_one_ends_twice() -> None:
    plan = pair_plan(("one", (V1,)), ("one", ()))
    progress = Progress()
    progress.expect(plan)
    assert end(progress, want("one", "v1")) == [False]
    ((_, failure),) = progress.undone(plan, "interrupted")
    assert (failure.tag, failure.fate) == (None, Fate.NOT_STARTED)
    assert end(progress, want("one")) == [True]


def test_to_look_at_what_is_undone_changes_nothing() -> None:
    progress = begun()
    assert list(progress.undone(PLAN, "interrupted"))
    assert progress.failures == {}


def test_a_tag_that_somebody_else_wrote_is_a_conflict_and_no_failure() -> None:
    progress = begun()
    progress.end(ONE, {V1: TagTaken("eu.gcr.io", "prod/app:v1", "taken"), V2: ERROR})
    assert fates(progress) == {("one", V1): Fate.CONFLICT, ("one", V2): Fate.FAILED}
