"""Google's extension of `tags/list`."""

from typing import Any

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.listings import list_tags
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from tests.unit.fake_registry.visits import decoded, refused, visit

IMAGE = images.multi_arch(seed="a", image_format="docker")


@pytest.fixture
def store() -> Store:
    store = Store()
    images.push(store, "project/app", IMAGE, ["v2", "v1"])
    images.push(store, "project/app/deep/er", images.single(seed="b"), ["x"])
    return store


def listed(store: Store, target: str, rules: Rules | None = None) -> dict[str, Any]:
    return decoded(list_tags(visit("GET", target, store=store, rules=rules or Rules.google())))


def test_it_names_every_digest_with_its_tags_type_and_size(store: Store) -> None:
    answer = listed(store, "/v2/project/app/tags/list")
    assert answer.keys() == {"child", "manifest", "name", "tags"}
    assert answer["name"] == "project/app"
    assert answer["tags"] == ["v1", "v2"]
    assert set(answer["manifest"]) == {IMAGE.digest, *(child.digest for child in IMAGE.children)}


def test_an_index_has_no_size_and_no_time_of_creation(store: Store) -> None:
    entry = listed(store, "/v2/project/app/tags/list")["manifest"][IMAGE.digest]
    uploaded = str(store.shelf("project/app").arrivals[IMAGE.digest])
    assert entry == {
        "imageSizeBytes": "0",
        "layerId": "",
        "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
        "tag": ["v1", "v2"],
        "timeCreatedMs": "0",
        "timeUploadedMs": uploaded,
    }


def test_a_child_of_an_index_has_a_size_and_no_tags(store: Store) -> None:
    child = IMAGE.children[0]
    entry = listed(store, "/v2/project/app/tags/list")["manifest"][child.digest]
    assert entry["imageSizeBytes"] == str(sum(content.size_bytes for content in child.blobs.values()))
    assert entry["tag"] == []
    assert entry["timeCreatedMs"] == entry["timeUploadedMs"] != "0"


def test_it_names_the_repositories_one_level_below(store: Store) -> None:
    assert listed(store, "/v2/project/app/tags/list")["child"] == ["deep"]


def test_a_path_above_repositories_holds_only_them(store: Store) -> None:
    assert listed(store, "/v2/project/tags/list") == {"child": ["app"], "manifest": {}, "name": "project", "tags": []}


def test_a_path_with_nothing_at_and_below_it_is_unknown(store: Store) -> None:
    with refused(404, "NAME_UNKNOWN"):
        listed(store, "/v2/other/tags/list")


def test_a_path_with_nothing_at_and_below_it_may_be_empty(store: Store) -> None:
    answer = listed(store, "/v2/other/tags/list", Rules(listing="google", google_unknown="empty"))
    assert answer == {"child": [], "manifest": {}, "name": "other", "tags": []}


@pytest.mark.parametrize("n", [1, 2])
def test_it_is_cut_off_at_the_number_asked_for_and_does_not_say_so(store: Store, n: int) -> None:
    reply = list_tags(visit("GET", f"/v2/project/app/tags/list?n={n}", store=store, rules=Rules.google()))
    manifest = decoded(reply)["manifest"]
    assert isinstance(manifest, dict)
    assert list(manifest) == sorted([IMAGE.digest, *(child.digest for child in IMAGE.children)])[:n]
    assert "Link" not in reply.headers


def test_tags_of_digests_that_were_cut_off_are_missing_too(store: Store) -> None:
    n = sorted([IMAGE.digest, *(child.digest for child in IMAGE.children)]).index(IMAGE.digest)
    assert listed(store, f"/v2/project/app/tags/list?n={n}")["tags"] == []
    assert listed(store, f"/v2/project/app/tags/list?n={n + 1}")["tags"] == ["v1", "v2"]


def test_without_a_number_it_is_cut_off_at_the_page_size(store: Store) -> None:
    answer = listed(store, "/v2/project/app/tags/list", Rules(listing="google", page_size=1))
    assert len(answer["manifest"]) == 1
