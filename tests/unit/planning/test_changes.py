"""What changed between two revisions of promoter manifests."""

from hypothesis import given
from hypothesis import strategies as st

from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.planning.changes import added, removals, tag_moves
from cip_async.planning.pairs import wanted_pairs
from tests.unit.planning.samples import EU, STAGING, US, Dmap, digest, manifest, manifests

Edge = tuple[str, str, str | None]


def edges(of: PromoterManifests) -> set[Edge]:
    """Every edge, spelled out: destination, digest, tag."""
    return {
        (str(pair.destination), want.digest, tag)
        for pair in wanted_pairs(of)
        for want in pair.image.wants
        for tag in want.tags or (None,)
    }


def app(dmap: Dmap, **options: object) -> PromoterManifests:
    return manifests(manifest(("app", dmap), **options))  # type: ignore[arg-type]  # the options of a sample


def test_the_same_has_neither_removals_nor_moves_nor_anything_new() -> None:
    same = app({"a": ["v1"], "b": []})
    assert not removals(same, same)
    assert not tag_moves(same, same)
    assert not added(same, same).manifests


def test_a_digest_that_disappears_is_told_once_for_all_mirrors_with_its_earlier_place() -> None:
    base = app({"a": ["v1"], "b": ["v2"]}, path="base.yaml")
    (removal,) = removals(base, app({"a": ["v1"]}))
    assert (removal.digest, removal.tag, removal.place.path) == (digest("b"), None, "base.yaml")
    assert [str(destination) for destination in removal.destinations] == [f"{EU}/app", f"{US}/app"]


def test_a_tag_that_disappears_is_told_with_its_digest() -> None:
    (removal,) = removals(app({"a": ["v1", "v2"]}), app({"a": ["v1"]}))
    assert (removal.digest, removal.tag) == (digest("a"), "v2")


def test_a_mirror_that_disappears_is_a_removal_there() -> None:
    (removal,) = removals(app({"a": ["v1"]}), app({"a": ["v1"]}, to=[EU]))
    assert [str(destination) for destination in removal.destinations] == [f"{US}/app"]


def test_a_tag_that_moves_is_a_move_and_no_removal() -> None:
    base, now = app({"a": ["v1", "v2"]}), app({"a": ["v2"], "b": ["v1"]}, path="now.yaml")
    (move,) = tag_moves(base, now)
    assert (move.tag, move.before, move.digest, move.place.path) == ("v1", digest("a"), digest("b"), "now.yaml")
    assert removals(base, now) == ()


def test_an_image_that_moves_to_another_file_and_source_has_not_disappeared() -> None:
    base, now = app({"a": ["v1"]}), app({"a": ["v1"]}, path="other.yaml", source="gcr.io/other")
    assert not removals(base, now)
    assert not tag_moves(base, now)


def test_what_is_new_keeps_its_new_tags_alone() -> None:
    base, now = app({"a": ["v1"], "b": []}), app({"a": ["v1", "v2"], "b": [], "c": ["v3"], "d": []})
    (part,) = added(base, now).manifests
    (image,) = part.images
    assert [(want.digest, want.tags) for want in image.digests] == [
        (digest("a"), ("v2",)),
        (digest("c"), ("v3",)),
        (digest("d"), ()),
    ]


def test_in_a_new_mirror_everything_is_new() -> None:
    base, now = app({"a": ["v1"]}, to=[EU]), app({"a": ["v1"], "b": ["v2"]}, to=[EU, US])
    assert edges(added(base, now)) == {
        (f"{EU}/app", digest("b"), "v2"),
        (f"{US}/app", digest("a"), "v1"),
        (f"{US}/app", digest("b"), "v2"),
    }


def dmap_of(tags: dict[str, str], untagged: set[str]) -> Dmap:
    """A tag has one digest; with two it would be an overlap, which is told before changes are looked at."""
    tagged = {letter: [tag for tag, of in tags.items() if of == letter] for letter in tags.values()}
    return {**{letter: [] for letter in sorted(untagged)}, **tagged}


letters = st.sampled_from("abc")
some_dmap = st.builds(dmap_of, st.dictionaries(st.sampled_from(["v1", "v2", "v3"]), letters), st.sets(letters))
some_manifests = st.builds(
    lambda images, to: manifests(manifest(*images.items(), source=STAGING, to=sorted(to))),
    st.dictionaries(st.sampled_from(["app", "tool"]), some_dmap),
    st.sets(st.sampled_from([EU, US]), min_size=1),
)


@given(base=some_manifests, now=some_manifests)
def test_what_is_added_is_what_the_naive_difference_of_edges_is(
    base: PromoterManifests, now: PromoterManifests
) -> None:
    held = {(destination, wanted) for destination, wanted, _ in edges(base)}
    expected = {edge for edge in edges(now) - edges(base) if edge[2] is not None or (edge[0], edge[1]) not in held}
    assert edges(added(base, now)) == expected


@given(base=some_manifests, now=some_manifests)
def test_every_edge_of_the_base_is_kept_removed_or_moved(base: PromoterManifests, now: PromoterManifests) -> None:
    gone = {
        (str(destination), each.digest)
        for each in removals(base, now)
        if each.tag is None
        for destination in each.destinations
    }
    untagged = {
        (str(destination), each.tag) for each in removals(base, now) if each.tag for destination in each.destinations
    }
    moved = {(str(destination), each.tag) for each in tag_moves(base, now) for destination in each.destinations}
    held = {(destination, wanted) for destination, wanted, _ in edges(now)}
    for destination, wanted, tag in edges(base) - edges(now):
        place = (destination, wanted)
        assert (tag is None and place in held) or place in gone or (destination, tag) in untagged | moved
