"""What one extended answer proves, and what it does not."""

import pytest
from yarl import URL

from cip_async.errors import ListingIncomplete, UntrustedAnswer
from cip_async.model.listing import Described
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.listing.google import google_listing
from cip_async.registry.pages import NextPage, TagsPage
from cip_async.registry.wire import GoogleManifest

FOO = Repository(Host("us.gcr.io"), "prod/foo")
A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def manifest(*tags: str, media_type: str = IMAGE, size: str = "12") -> GoogleManifest:
    return GoogleManifest(media_type=media_type, tags=list(tags), image_size_bytes=size)


def page(
    manifests: dict[str, GoogleManifest] | None,
    tags: tuple[str, ...] = (),
    children: tuple[str, ...] = (),
    following: NextPage | None = None,
) -> TagsPage:
    return TagsPage(tags=tags, google=manifests, children=children, next=following)


def test_an_answer_tells_digests_tags_types_sizes_and_children() -> None:
    answer = page(
        {A: manifest("v1", "latest", media_type=INDEX, size="0"), B: manifest()}, ("v1", "latest"), ("two", "one")
    )
    listing = google_listing(FOO, answer, 10)
    assert listing.repository == FOO
    assert listing.digests == {A, B}
    assert listing.tags == {"v1": A, "latest": A}
    assert listing.described == {
        A: Described(media_type=INDEX, size_bytes=None),
        B: Described(media_type=IMAGE, size_bytes=12),
    }
    assert listing.children == ("one", "two")


def test_what_a_whole_answer_does_not_name_is_absent() -> None:
    listing = google_listing(FOO, page({A: manifest()}), 10)
    assert listing.asked is None
    assert listing.holds(Digest(A)) is True
    assert listing.holds(Digest(C)) is False


def test_an_answer_without_images_is_an_empty_repository() -> None:
    listing = google_listing(FOO, page({}), 10)
    assert (listing.digests, listing.tags) == (set(), {})


def test_a_folder_of_repositories_needs_no_images_of_its_own() -> None:
    assert google_listing(FOO, page(None, children=("one",)), 10).children == ("one",)


@pytest.mark.parametrize(
    "cut",
    [
        page({A: manifest(), B: manifest(), C: manifest()}),
        page({A: manifest("v1", "v2", "v3")}),
        page({A: manifest("v1")}, tags=("v1", "v2", "v3")),
        page({A: manifest("v1")}, tags=("v1",), children=("a", "b", "c")),
    ],
)
def test_as_many_entries_as_were_asked_for_mean_cut_off(cut: TagsPage) -> None:
    with pytest.raises(ListingIncomplete, match="it has 3 entries or more and was cut off") as incomplete:
        google_listing(FOO, cut, 3)
    assert str(incomplete.value).startswith("us.gcr.io: GET /v2/prod/foo/tags/list: the listing is incomplete: ")


def test_one_entry_less_than_was_asked_for_is_the_whole() -> None:
    assert google_listing(FOO, page({A: manifest(), B: manifest()}), 3).digests == {A, B}


def test_a_link_to_more_means_incomplete() -> None:
    more = NextPage(URL("https://us.gcr.io/v2/prod/foo/tags/list?last=v1"))
    with pytest.raises(ListingIncomplete, match="links to more"):
        google_listing(FOO, page({A: manifest("v1")}, following=more), 10)


@pytest.mark.parametrize("plain", [page(None, ("v1",)), page(None), page(None, ("v1",), ("child",))])
def test_a_plain_answer_proves_nothing(plain: TagsPage) -> None:
    with pytest.raises(ListingIncomplete, match="lacks what Google's registries add to it"):
        google_listing(FOO, plain, 10)


def test_a_tag_without_its_digest_means_incomplete() -> None:
    with pytest.raises(ListingIncomplete, match="names 1 tags without their digests"):
        google_listing(FOO, page({A: manifest("v1")}, ("v1", "v2")), 10)


def test_a_tag_with_two_digests_is_a_contradiction() -> None:
    with pytest.raises(UntrustedAnswer, match=f"tag v1 points to both {A} and {B}"):
        google_listing(FOO, page({A: manifest("v1"), B: manifest("v1")}), 10)


@pytest.mark.parametrize(
    "malformed",
    [
        page({"sha256:short": manifest()}),
        page({A: manifest("not a tag")}),
        page({A: manifest()}, children=("../up",)),
    ],
)
def test_a_malformed_name_spoils_the_listing(malformed: TagsPage) -> None:
    with pytest.raises(UntrustedAnswer, match="the answer cannot be used"):
        google_listing(FOO, malformed, 10)
