"""The Artifact Registry API, as far as it lists images."""

from typing import Any

import msgspec
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.docker_images import API_HOST, api_error, list_docker_images
from cip_async.fake_registry.refusal import refusal
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from tests.unit.fake_registry.visits import decoded, refused, visit

IMAGE = images.multi_arch(seed="a", image_format="docker")
OTHER = images.single(seed="b")
PARENT = "/v1/projects/prod/locations/us/repositories/images"
TARGET = f"{PARENT}/dockerImages"


@pytest.fixture
def store() -> Store:
    store = Store()
    images.push(store, "prod/images/deep/app", IMAGE, ["v2", "v1"])
    images.push(store, "prod/images/tool", OTHER, ["x"])
    images.push(store, "prod/others/tool", OTHER, ["x"])
    images.push(store, "example.com/prod/images/tool", OTHER, ["x"])
    return store


def listed(
    store: Store, target: str = TARGET, *, host: str = API_HOST, of: str = "us-docker.pkg.dev", page_size: int = 1000
) -> dict[str, Any]:
    rules = Rules(page_size=page_size)
    return decoded(list_docker_images(visit("GET", target, host=host, rules=rules, peers={of: store})))


def uris(answer: dict[str, Any]) -> list[str]:
    return [image["uri"] for image in answer["dockerImages"]]


def test_it_names_every_digest_of_every_image_name_in_the_repository(store: Store) -> None:
    family = sorted(member.digest for member in IMAGE.family())
    assert listed(store).keys() == {"dockerImages"}
    assert uris(listed(store)) == [
        *(f"us-docker.pkg.dev/prod/images/deep/app@{digest}" for digest in family),
        f"us-docker.pkg.dev/prod/images/tool@{OTHER.digest}",
    ]


def test_it_tells_tags_types_sizes_and_times_as_google_writes_them(store: Store) -> None:
    entries = {entry["uri"].partition("@")[2]: entry for entry in listed(store)["dockerImages"]}
    assert entries[IMAGE.digest] == {
        "name": f"{PARENT.removeprefix('/v1/')}/dockerImages/deep%2Fapp@{IMAGE.digest}",
        "uri": f"us-docker.pkg.dev/prod/images/deep/app@{IMAGE.digest}",
        "tags": ["v1", "v2"],
        "imageSizeBytes": "0",
        "mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
        "uploadTime": entries[IMAGE.digest]["uploadTime"],
        "updateTime": entries[IMAGE.digest]["uploadTime"],
    }
    assert entries[IMAGE.digest]["uploadTime"].startswith("2023-11-14T")
    child = IMAGE.children[0]
    assert "tags" not in entries[child.digest]
    assert entries[child.digest]["imageSizeBytes"] == str(sum(blob.size_bytes for blob in child.blobs.values()))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_the_pages_hold_everything_once(store: Store, n: int) -> None:
    whole = uris(listed(store))
    pages, token = [], ""
    while True:
        answer = listed(store, f"{TARGET}?pageSize={n}&pageToken={token}")
        pages.append(uris(answer))
        token = answer.get("nextPageToken", "")
        if not token:
            break
    assert [len(page) for page in pages[:-1]] == [n] * (len(pages) - 1)
    assert [uri for page in pages for uri in page] == whole


@pytest.mark.parametrize("query", ["?pageSize=5000", "?pageSize=0", ""])
def test_a_page_is_no_larger_than_its_rules_allow(store: Store, query: str) -> None:
    assert len(uris(listed(store, TARGET + query, page_size=2))) == 2


def test_the_project_of_a_domain_is_found(store: Store) -> None:
    target = "/v1/projects/example.com:prod/locations/us/repositories/images/dockerImages"
    (entry,) = listed(store, target)["dockerImages"]
    assert entry["uri"] == f"us-docker.pkg.dev/example.com/prod/images/tool@{OTHER.digest}"
    assert entry["name"].endswith(f"/dockerImages/tool@{OTHER.digest}")


@pytest.mark.parametrize(
    ("target", "host", "of"),
    [
        (TARGET.replace("images/", "nothing/"), API_HOST, "us-docker.pkg.dev"),
        (TARGET, API_HOST, "eu-docker.pkg.dev"),
        (TARGET, "us-docker.pkg.dev", "us-docker.pkg.dev"),
    ],
)
def test_what_is_not_there_is_not_found(store: Store, target: str, host: str, of: str) -> None:
    with refused(404, "NOT_FOUND"):
        listed(store, target, host=host, of=of)


@pytest.mark.parametrize("query", ["pageSize=ten", "pageToken=*", "pageToken=AAA"])
def test_a_malformed_question_is_refused(store: Store, query: str) -> None:
    with refused(400, "INVALID_ARGUMENT"):
        listed(store, f"{TARGET}?{query}")


def test_a_refusal_looks_as_googles_do() -> None:
    body = api_error(refusal(403, "DENIED", "no"))
    assert msgspec.json.decode(body) == {"error": {"code": 403, "message": "no", "status": "DENIED"}}
