"""What a dry run leaves to be done, as far as it is certain."""

from collections.abc import Iterable

from cip_async.model.plan import PairPlan, Promotion
from cip_async.planning.ahead import ahead
from cip_async.planning.learnt import Learnt
from cip_async.reference import Host, parse_tag
from tests.unit.planning.samples import EU, US, digest, manifest, pairs

GOOGLE = Host("gcr.io")


def promotion(letter: str, tags: Iterable[str] = (), *, in_source: bool = True) -> Promotion:
    return Promotion(
        digest=digest(letter),
        tags=tuple(map(parse_tag, tags)),
        in_destination=not in_source,
        in_source=in_source,
    )


def plans(*promotions: Promotion, to: Iterable[str] = (EU, US)) -> list[PairPlan]:
    return [
        PairPlan(pair=pair, already_promoted=0, promotions=promotions, setbacks=())
        for pair in pairs(manifest(("app", {"1": ["v1"]}), to=to))
    ]


def numbers(
    pair_plans: list[PairPlan], learnt: Learnt | None = None, *, one_tag: bool = True, kept: bool = False
) -> dict[tuple[str, str], int]:
    lines = ahead(pair_plans, Learnt() if learnt is None else learnt, lambda _: one_tag, documents_are_kept=kept)
    assert list(lines) == sorted(lines)
    return {(line.host, line.request_class): line.requests for line in lines}


def test_a_plan_with_nothing_to_do_leaves_nothing() -> None:
    assert numbers(plans()) == {}


def test_each_image_is_read_once_and_written_with_each_tag_in_each_mirror() -> None:
    assert numbers(plans(promotion("1", ["v1", "v2"]), promotion("2"))) == {
        ("gcr.io", "manifest-get"): 2,
        ("eu.gcr.io", "tag-put"): 2,
        ("eu.gcr.io", "manifest-put"): 1,
        ("us.gcr.io", "tag-put"): 2,
        ("us.gcr.io", "manifest-put"): 1,
    }


def test_ten_tags_may_go_together_where_nothing_says_that_they_do_not() -> None:
    many = plans(promotion("1", [f"v{number}" for number in range(11)]), to=[EU])
    assert numbers(many, one_tag=False)["eu.gcr.io", "tag-put"] == 2
    assert numbers(many, one_tag=True)["eu.gcr.io", "tag-put"] == 11


def test_a_digest_that_is_wanted_with_a_tag_too_is_not_written_without_one() -> None:
    assert ("eu.gcr.io", "manifest-put") not in numbers(plans(promotion("1", ["v1"]), promotion("1"), to=[EU]))


def test_what_the_source_lost_is_read_where_it_is() -> None:
    found = numbers(plans(promotion("1", ["v1"], in_source=False)))
    assert found["eu.gcr.io", "manifest-get"] == found["us.gcr.io", "manifest-get"] == 1
    assert ("gcr.io", "manifest-get") not in found


def test_what_was_read_already_is_not_ahead() -> None:
    learnt = Learnt()
    learnt.of(GOOGLE).documents = 1
    read = plans(promotion("1", ["v1"]), promotion("2", ["v2"]))
    assert numbers(read, learnt)["gcr.io", "manifest-get"] == 1
    learnt.of(GOOGLE).documents = 7
    assert ("gcr.io", "manifest-get") not in numbers(read, learnt)


def test_no_image_is_certain_to_be_read_where_earlier_runs_have_kept_some() -> None:
    learnt = Learnt()
    learnt.of(GOOGLE).documents = 1
    assert numbers(plans(promotion("1", ["v1"]), to=[EU]), learnt, kept=True) == {("eu.gcr.io", "tag-put"): 1}
