"""Tags, repositories, referrers."""

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.listings import list_catalog, list_referrers, list_tags
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from tests.unit.fake_registry.visits import decoded, refused, sent, visit

A = images.single(seed="a")


@pytest.fixture
def store() -> Store:
    store = Store()
    images.push(store, "path", A, ["v2", "v10", "v1"])
    return store


@pytest.mark.parametrize(
    ("order", "tags"),
    [("lexical", ["v1", "v10", "v2"]), ("reversed", ["v2", "v10", "v1"]), ("pushed", ["v2", "v10", "v1"])],
)
def test_tags_are_listed_in_the_order_of_the_rules(store: Store, order: str, tags: list[str]) -> None:
    rules = Rules(tag_order=order)  # type: ignore[arg-type]
    assert decoded(list_tags(visit("GET", "/v2/path/tags/list", store=store, rules=rules))) == {
        "name": "path",
        "tags": tags,
    }


def test_tags_come_in_pages(store: Store) -> None:
    reply = list_tags(visit("GET", "/v2/path/tags/list?n=2", store=store))
    assert decoded(reply)["tags"] == ["v1", "v10"]
    assert reply.headers["Link"] == '</v2/path/tags/list?last=v10&n=2>; rel="next"'


def test_without_pages_all_tags_are_given_whatever_is_asked(store: Store) -> None:
    rules = Rules(page_size=1, paginated=False)
    reply = list_tags(visit("GET", "/v2/path/tags/list?n=2&last=v10", store=store, rules=rules))
    assert decoded(reply)["tags"] == ["v1", "v10", "v2"]
    assert "Link" not in reply.headers


def test_tags_of_a_repository_that_does_not_exist_are_refused(store: Store) -> None:
    with refused(404, "NAME_UNKNOWN"):
        list_tags(visit("GET", "/v2/other/tags/list", store=store))


@pytest.mark.parametrize(("untagged", "tags"), [("empty", []), ("null", None)])
def test_a_repository_without_tags_lists_none(untagged: str, tags: object) -> None:
    store = Store()
    images.push(store, "path", A)
    rules = Rules(untagged=untagged)  # type: ignore[arg-type]
    assert decoded(list_tags(visit("GET", "/v2/path/tags/list", store=store, rules=rules)))["tags"] == tags


def test_a_repository_without_tags_may_be_unknown() -> None:
    store = Store()
    images.push(store, "path", A)
    with refused(404, "NAME_UNKNOWN"):
        list_tags(visit("GET", "/v2/path/tags/list", store=store, rules=Rules(untagged="unknown")))


def test_the_catalog_has_every_repository_in_pages(store: Store) -> None:
    images.push(store, "another", A)
    reply = list_catalog(visit("GET", "/v2/_catalog?n=1", store=store))
    assert decoded(reply) == {"repositories": ["another"]}
    assert reply.headers["Link"] == '</v2/_catalog?last=another&n=1>; rel="next"'


def test_the_catalog_of_a_google_host_is_empty(store: Store) -> None:
    assert decoded(list_catalog(visit("GET", "/v2/_catalog", store=store, rules=Rules.google()))) == {
        "repositories": []
    }


def test_referrers_are_the_documents_with_that_subject(store: Store) -> None:
    signature = images.artifact(seed="s", artifact_type="application/x-sig", subject=A, annotations={"k": "v"})
    images.push(store, "path", signature)
    images.push(store, "elsewhere", images.artifact(seed="other", subject=A))
    reply = list_referrers(visit("GET", f"/v2/path/referrers/{A.digest}", store=store))
    assert reply.headers["Content-Type"] == "application/vnd.oci.image.index.v1+json"
    assert "OCI-Filters-Applied" not in reply.headers
    assert decoded(reply)["manifests"] == [
        {**images.document_descriptor(signature), "artifactType": "application/x-sig", "annotations": {"k": "v"}}
    ]


def test_referrers_can_be_filtered_by_type_and_the_answer_says_so(store: Store) -> None:
    wanted = images.artifact(seed="s", artifact_type="application/x-sig", subject=A)
    for signature in (wanted, images.artifact(seed="t", artifact_type="application/x-sbom", subject=A)):
        images.push(store, "path", signature)
    target = f"/v2/path/referrers/{A.digest}?artifactType=application%2Fx-sig"
    reply = list_referrers(visit("GET", target, store=store))
    assert reply.headers["OCI-Filters-Applied"] == "artifactType"
    found = decoded(reply)["manifests"]
    assert isinstance(found, list)
    assert [descriptor["digest"] for descriptor in found] == [wanted.digest]


def test_referrers_come_in_pages(store: Store) -> None:
    for seed in ("s", "t", "u"):
        images.push(store, "path", images.artifact(seed=seed, subject=A))
    reply = list_referrers(visit("GET", f"/v2/path/referrers/{A.digest}?n=2", store=store))
    assert str(reply.headers["Link"]).startswith(f"</v2/path/referrers/{A.digest}?last=sha256%3A")
    assert len(decoded(reply)["manifests"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["path", "unheard-of"])
def test_a_digest_nobody_refers_to_has_an_empty_index(store: Store, path: str) -> None:
    assert decoded(list_referrers(visit("GET", f"/v2/{path}/referrers/{A.digest}", store=store)))["manifests"] == []


def test_a_registry_without_referrers_answers_as_one_that_does_not_know_the_path(store: Store) -> None:
    reply = list_referrers(visit("GET", f"/v2/path/referrers/{A.digest}", store=store, rules=Rules(referrers=False)))
    assert (reply.status, sent(reply)) == (404, b"404 page not found\n")
    assert reply.headers["Content-Type"].startswith("text/plain")
