"""The table that a reviewer of a dry run reads."""

from cip_async.model.outcome import Outcome
from cip_async.model.report import Report
from cip_async.reference import parse_registry_path
from cip_async.reporting.table import promotion_table
from tests.unit.reporting.samples import ASIA, EU, digest, pair_plans, plan, promotion, report, setback


def table(told: Report, **options: int) -> str:
    return "\n".join(promotion_table(told, **options))


def test_images_stand_below_their_source_and_mirrors() -> None:
    made = plan(*pair_plans("foo", [], promotions=[promotion("2", "v2", "latest"), promotion("1")]))
    assert table(report(made)) == (
        "gcr.io/staging/foo\n"
        "  to asia.gcr.io/prod/foo\n"
        "     eu.gcr.io/prod/foo\n"
        "     us.gcr.io/prod/foo\n"
        f"    {digest('1')}  no tag\n"
        f"    {digest('2')}  v2, latest"
    )


def test_mirrors_that_lack_different_images_stand_apart() -> None:
    behind = pair_plans("foo", [], promotions=[promotion("1", "v1"), promotion("2", "v2")], to=[ASIA])
    other = pair_plans("foo", [], promotions=[promotion("2", "v2")], to=[EU])
    assert table(report(plan(*behind, *other)), width=80) == (
        "gcr.io/staging/foo\n"
        "  to asia.gcr.io/prod/foo\n"
        "    sha256:111111111111…  v1\n"
        "  to asia.gcr.io/prod/foo\n"
        "     eu.gcr.io/prod/foo\n"
        "    sha256:222222222222…  v2"
    )


def test_what_is_not_to_be_promoted_is_not_in_the_table() -> None:
    made = plan(*pair_plans("foo", [], setbacks=[setback("1", "a", Outcome.LOST, "gone")], already=7))
    assert table(report(made)) == ""


def test_an_image_that_only_lacks_tags_says_so() -> None:
    made = plan(
        *pair_plans(
            "foo",
            [],
            promotions=[
                promotion("1", "latest", in_destination=True),
                promotion("2", "v2", "v2.0", in_destination=True),
            ],
            to=[ASIA],
        )
    )
    told = table(report(made), width=100)
    assert "sha256:111111111111…  latest (the image is there, only the tag is missing)" in told
    assert "sha256:222222222222…  v2, v2.0 (the image is there, only tags are missing)" in told


def test_images_beyond_the_first_are_counted() -> None:
    foo = pair_plans("foo", [], promotions=[promotion(letter, f"v{letter}") for letter in "0123"])
    bar = pair_plans("bar", [], promotions=[promotion(letter, f"v{letter}") for letter in "01"])
    baz = pair_plans("baz", [], promotions=[promotion("5", "v5")])
    told = table(report(plan(*foo, *bar, *baz)), width=80, rows=4)
    assert told.endswith(
        "    sha256:000000000000…  v0\n… and 3 more images from 1 repository",
    )
    assert table(report(plan(*foo, *bar, *baz)), rows=2).endswith("… and 5 more images from 2 repositories")


def test_many_mirrors_are_counted() -> None:
    mirrors = [parse_registry_path(f"region{number}.pkg.dev/prod") for number in range(6)]
    told = table(report(plan(*pair_plans("foo", [], promotions=[promotion("1", "a")], to=mirrors))))
    assert "  to region0.pkg.dev/prod/foo\n     region1.pkg.dev/prod/foo\n" in told
    assert "\n     and 3 more mirrors\n" in told
    assert "region3" not in told


def test_one_more_mirror_is_named_rather_than_counted() -> None:
    mirrors = [parse_registry_path(f"region{number}.pkg.dev/prod") for number in range(4)]
    told = table(report(plan(*pair_plans("foo", [], promotions=[promotion("1", "a")], to=mirrors))))
    assert "     region3.pkg.dev/prod/foo\n" in told


def test_long_lines_are_folded_to_the_width_and_never_without_one() -> None:
    names = [f"v1.{minor}.0-alpha.{minor}" for minor in range(12)]
    told = report(plan(*pair_plans("foo", [], promotions=[promotion("1", *names)], to=[ASIA])))
    folded = table(told, width=80).splitlines()
    assert max(len(line) for line in folded) <= 80
    assert folded[3].startswith(" " * 26 + "v1.")
    assert table(told).splitlines()[2] == f"    {digest('1')}  {', '.join(names)}"


def test_the_table_does_not_depend_on_the_order_of_the_plan() -> None:
    pairs = [
        *pair_plans("foo", [], promotions=[promotion("1", "a"), promotion("2", "b")]),
        *pair_plans("bar", [], promotions=[promotion("3", "c")], to=[EU]),
    ]
    assert table(report(plan(*pairs))) == table(report(plan(*reversed(pairs))))
