"""What some pages of an Artifact Registry repository prove, and what they do not."""

from collections.abc import Iterable

import pytest

from cip_async.errors import UntrustedAnswer
from cip_async.model.listing import Described, Listing
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry.listing.artifact_repository import ArtifactRepository
from cip_async.registry.listing.walk import Gathering, Sought, Walk
from cip_async.registry.wire import DockerImage

HOST = Host("us-docker.pkg.dev")
PARENT = ArtifactRepository(HOST, "prod/images")
A, B, C, D = (Digest(f"sha256:{letter * 64}") for letter in "abcd")
V1, V2 = Tag("v1"), Tag("v2")
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def repository(name: str) -> Repository:
    return Repository(HOST, f"prod/images/{name}")


FOO, BAR = repository("foo"), repository("bar/bar")


def image(name: str, digest: str, *tags: str, size: str = "12") -> DockerImage:
    uri = f"{HOST}/prod/images/{name}@{digest}"
    return DockerImage(uri=uri, tags=tags, media_type=IMAGE, image_size_bytes=size)


def sought(tags: dict[Tag, Digest], *tagless: Digest) -> Sought:
    return Sought.of(tags, [*tags.values(), *tagless], frozenset(tagless))


def walk(seeking: dict[Repository, Sought], taken_s: float = 0.0) -> Walk:
    return Walk(PARENT, seeking, lambda: taken_s)


def told(listings: Iterable[Listing]) -> dict[Repository, dict[Tag, Digest]]:
    return {listing.repository: dict(listing.tags) for listing in listings}


def test_a_name_is_settled_by_the_page_that_shows_the_last_of_what_is_sought() -> None:
    walking = walk({FOO: sought({V1: A, V2: B}, C), BAR: sought({V1: D})}, taken_s=7.0)
    assert list(walking.take([image("foo", A, "v1"), image("foo", C)])) == []
    (listing,) = walking.take([image("foo", B, "v2"), image("foo", D, "v9")])
    assert listing.repository == FOO
    assert (listing.tags, listing.digests) == ({V1: A, V2: B}, {A, B, C})
    assert listing.described == dict.fromkeys([A, B, C], Described(media_type=IMAGE, size_bytes=12))
    assert listing.taken_s == 7.0


def test_what_was_not_seen_yet_is_not_known_to_be_absent() -> None:
    walking = walk({FOO: sought({V1: A})})
    (listing,) = walking.take([image("foo", B, "v1")])
    assert listing.tags == {V1: B}
    assert listing.holds(B) is True
    assert listing.holds(A) is None


def test_only_the_last_page_proves_absence() -> None:
    walking = walk({FOO: sought({V1: A, V2: B}, C), BAR: sought({V1: D})})
    assert list(walking.take([image("foo", A, "v1")])) == []
    listings = {listing.repository: listing for listing in walking.end()}
    assert told(listings.values()) == {FOO: {V1: A}, BAR: {}}
    assert [listings[FOO].holds(digest) for digest in (A, B, C, D)] == [True, False, False, None]
    assert listings[BAR].holds(D) is False
    assert list(walking.end()) == []


def test_each_page_counts_once_and_one_that_settles_nothing_with_the_next() -> None:
    walking = walk({FOO: sought({V1: A}), BAR: sought({V1: B, V2: C})})
    assert list(walking.take([image("bar/bar", B, "v1")])) == []
    settled = [*walking.take([image("foo", A, "v1")]), *walking.end()]
    assert [(listing.repository, [effort.lists for effort in listing.efforts]) for listing in settled] == [
        (FOO, [2]),
        (BAR, []),
    ]


def test_names_that_nobody_seeks_are_not_kept() -> None:
    walking = walk({FOO: sought({V1: A}), BAR: sought({V1: A})})
    assert list(walking.take([image("other", A, "v1")])) == []
    assert {listing.repository: set(listing.digests) for listing in walking.end()} == {FOO: set(), BAR: set()}


def test_what_is_there_besides_is_told_where_something_is_missing() -> None:
    walking = walk({FOO: sought({V1: A, V2: B}), BAR: sought({V1: A})})
    page = [
        image("foo", C),
        image("foo", D, "v9"),
        image("foo", A, "v1"),
        image("bar/bar", C),
        image("bar/bar", A, "v1"),
    ]
    (bar,) = walking.take(page)
    (foo,) = walking.end()
    assert (bar.digests, bar.tags) == ({A}, {V1: A})
    assert (foo.digests, foo.tags, set(foo.described)) == ({A, C, D}, {V1: A}, {A})


def test_what_is_there_besides_is_told_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cip_async.registry.listing.walk._MOST_OTHERS", 2)
    walking = walk({FOO: sought({V1: A}), BAR: sought({V1: A, V2: A})})
    list(walking.take([image("foo", B), image("foo", B), image("foo", C), image("foo", D), image("bar/bar", D)]))
    list(walking.take([image("foo", A, "v1"), image("bar/bar", B), image("bar/bar", C), image("bar/bar", D)]))
    assert [(listing.repository, listing.digests) for listing in walking.end()] == [(BAR, {B, C})]


def test_the_names_of_a_page_may_come_in_any_order() -> None:
    walking = walk({FOO: sought({V1: A, V2: B}), BAR: sought({V1: D})})
    page = [image("foo", A, "v1"), image("bar/bar", D, "v1"), image("other", C), image("foo", B, "v2"), image("foo", C)]
    assert told(walking.take(page)) == {BAR: {V1: D}, FOO: {V1: A, V2: B}}


def test_a_name_is_told_of_once() -> None:
    walking = walk({FOO: sought({V1: A}), BAR: sought({V1: A})})
    assert told(walking.take([image("foo", A, "v1"), image("foo", A, "v1")])) == {FOO: {V1: A}}
    assert told(walking.take([image("foo", B, "v1")])) == {}
    assert told(walking.end()) == {BAR: {}}


def test_a_name_that_contradicts_itself_is_not_told_of() -> None:
    walking = walk({FOO: sought({V1: A, V2: B}), BAR: sought({V1: A})})
    assert list(walking.take([image("foo", A, "v1"), image("foo", C, "v1"), image("foo", B, "v2")])) == []
    assert told(walking.end()) == {BAR: {}}


def test_an_image_that_comes_twice_contradicts_nothing() -> None:
    walking = walk({FOO: sought({V1: A, V2: B}, C)})
    assert list(walking.take([image("foo", A, "v1"), image("foo", C)])) == []
    assert list(walking.take([image("foo", A, "v1"), image("foo", C)])) == []
    assert told(walking.take([image("foo", B, "v2")])) == {FOO: {V1: A, V2: B}}


def test_a_walk_goes_on_until_it_cost_as_much_as_asking_for_each_name() -> None:
    walking = walk({FOO: sought({V1: A}), BAR: sought({V1: A})})
    assert walking.is_worthwhile
    assert list(walking.take([image("other", A)])) == []
    assert walking.is_worthwhile
    assert list(walking.take([image("other", B)])) == []
    assert not walking.is_worthwhile


def test_a_walk_ends_when_every_name_is_settled() -> None:
    walking = walk({FOO: sought({V1: A}), BAR: sought({V1: A})})
    assert len(list(walking.take([image("foo", A, "v1"), image("bar/bar", A, "v1")]))) == 2
    assert not walking.is_worthwhile


@pytest.mark.parametrize(
    "uri",
    [
        f"us-docker.pkg.dev/prod/other/foo@{A}",
        f"eu-docker.pkg.dev/prod/images/foo@{A}",
        f"us-docker.pkg.dev/prod/images/bar%2Fbar@{A}",
        f"us-docker.pkg.dev/prod/images/../images/foo@{A}",
        f"us-docker.pkg.dev/prod/images/FOO@{A}",
        "us-docker.pkg.dev/prod/images/foo",
        "us-docker.pkg.dev/prod/images/foo@latest",
        f"us-docker.pkg.dev/prod/images/foo@{A.upper()}",
        "",
    ],
)
def test_a_name_or_digest_that_cannot_be_read_might_be_one_that_is_sought(uri: str) -> None:
    walking = walk({FOO: sought({V1: A})})
    with pytest.raises(
        UntrustedAnswer, match=r"^artifactregistry\.googleapis\.com: GET /v1/projects/prod/locations/us/"
    ):
        list(walking.take([DockerImage(uri=uri)]))
    with pytest.raises(UntrustedAnswer):
        Gathering(PARENT, FOO).take([DockerImage(uri=uri)])


def test_all_of_one_repository_is_gathered_with_the_names_below_it() -> None:
    gathering = Gathering(PARENT, FOO)
    gathering.take([image("foo", A, "v1", "v2"), image("foo/sub/er", A), image("foobar", A, "x"), image("other", C)])
    gathering.take([image("foo", B, size="0"), image("foo/sub", B), image("foo/an", B)])
    listing = gathering.listing(3.0)
    assert (listing.repository, listing.tags, listing.digests) == (FOO, {V1: A, V2: A}, {A, B})
    assert (listing.holds(A), listing.holds(C)) == (True, False)
    assert listing.described[B].size_bytes is None
    assert (listing.children, listing.taken_s) == (("an", "sub"), 3.0)


def test_a_repository_that_contradicts_itself_cannot_be_gathered() -> None:
    gathering = Gathering(PARENT, FOO)
    with pytest.raises(UntrustedAnswer, match="tag v1 of prod/images/foo points to both"):
        gathering.take([image("foo", A, "v1"), image("foo", B, "v1")])


def test_a_gathered_tag_must_be_a_tag() -> None:
    with pytest.raises(UntrustedAnswer, match="the answer cannot be used"):
        Gathering(PARENT, FOO).take([image("foo", A, "v1/../x")])
