"""What a request asks for."""

import pytest

from cip_async.fake_registry.calls import CallClass, checked_reference, checked_repository, parse_call
from tests.unit.fake_registry.visits import refused

API = "/v1/projects/p/locations/us/repositories"
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("method", "target", "call_class", "repository", "reference"),
    [
        ("GET", "/v2/", CallClass.PING, "", ""),
        ("HEAD", "/v2", CallClass.PING, "", ""),
        ("GET", "/token?service=x", CallClass.TOKEN, "", ""),
        ("POST", "/v2/token", CallClass.TOKEN, "", ""),
        ("GET", "/v2/_catalog?n=5", CallClass.CATALOG, "", ""),
        ("GET", "/v2/a/b/tags/list", CallClass.TAGS, "a/b", ""),
        ("GET", f"/v2/a/referrers/{DIGEST}", CallClass.REFERRERS, "a", DIGEST),
        ("GET", "/v2/a/b/c/manifests/v1", CallClass.MANIFEST_GET, "a/b/c", "v1"),
        ("HEAD", f"/v2/a/manifests/{DIGEST}", CallClass.MANIFEST_HEAD, "a", DIGEST),
        ("PUT", "/v2/a/manifests/v1", CallClass.TAG_PUT, "a", "v1"),
        ("PUT", f"/v2/a/manifests/{DIGEST}", CallClass.MANIFEST_PUT, "a", DIGEST),
        ("PUT", f"/v2/a/manifests/{DIGEST}?tag=x&tag=y", CallClass.TAG_PUT, "a", DIGEST),
        ("DELETE", "/v2/a/manifests/v1", CallClass.MANIFEST_DELETE, "a", "v1"),
        ("GET", f"/v2/a/blobs/{DIGEST}", CallClass.BLOB_GET, "a", DIGEST),
        ("HEAD", f"/v2/a/blobs/{DIGEST}", CallClass.BLOB_HEAD, "a", DIGEST),
        ("DELETE", f"/v2/a/blobs/{DIGEST}", CallClass.BLOB_DELETE, "a", DIGEST),
        ("POST", "/v2/a/b/blobs/uploads/", CallClass.UPLOAD_START, "a/b", ""),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}&from=b", CallClass.MOUNT, "a", ""),
        ("POST", f"/v2/a/blobs/uploads/?digest={DIGEST}", CallClass.UPLOAD_POST, "a", ""),
        ("PATCH", "/v2/a/blobs/uploads/u1?_state=0", CallClass.UPLOAD_CHUNK, "a", "u1"),
        ("PUT", f"/v2/a/blobs/uploads/u1?digest={DIGEST}", CallClass.UPLOAD, "a", "u1"),
        ("GET", "/v2/a/blobs/uploads/u1", CallClass.UPLOAD_STATUS, "a", "u1"),
        ("DELETE", "/v2/a/blobs/uploads/u1", CallClass.UPLOAD_CANCEL, "a", "u1"),
        ("GET", f"/storage/{DIGEST}?x=y", CallClass.STORAGE, "", DIGEST),
        ("GET", f"{API}/r/dockerImages?pageSize=9", CallClass.DOCKER_IMAGES, "p/r", "us"),
        (
            "GET",
            f"{API.replace('/p/', '/example.com:p/')}/r/dockerImages",
            CallClass.DOCKER_IMAGES,
            "example.com/p/r",
            "us",
        ),
        ("POST", f"{API}/r/dockerImages", CallClass.OTHER, "", ""),
        ("GET", f"{API}/r/packages", CallClass.OTHER, "", ""),
        ("GET", f"{API}/r/dockerImages/x", CallClass.OTHER, "", ""),
        ("GET", "/", CallClass.OTHER, "", ""),
        ("PUT", "/v2/", CallClass.OTHER, "", ""),
        ("POST", "/v2/_catalog", CallClass.OTHER, "", ""),
        ("GET", "/v2/a/blobs/uploads/", CallClass.OTHER, "a", ""),
        ("POST", "/v2/a/blobs/uploads/u1", CallClass.OTHER, "a", "u1"),
        ("PATCH", "/v2/a/manifests/v1", CallClass.OTHER, "a", "v1"),
        ("GET", "/v2/short", CallClass.OTHER, "", ""),
    ],
)
def test_a_request_is_told_from_method_and_target(
    method: str, target: str, call_class: CallClass, repository: str, reference: str
) -> None:
    call = parse_call(method, target)
    assert (call.call_class, call.repository, call.reference) == (call_class, repository, reference)
    assert call.target == target


@pytest.mark.parametrize(
    ("method", "target", "subject"),
    [
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}&from=b", DIGEST),
        ("PUT", f"/v2/a/blobs/uploads/u1?_state=0&digest={DIGEST}", DIGEST),
        ("GET", "/v2/a/manifests/v1", "v1"),
        ("GET", "/v2/a/tags/list", ""),
    ],
)
def test_the_subject_is_the_digest_or_tag_a_request_is_about(method: str, target: str, subject: str) -> None:
    assert parse_call(method, target).subject == subject


@pytest.mark.parametrize(
    ("method", "target", "is_write"),
    [
        ("GET", "/v2/", False),
        ("HEAD", "/v2/a/manifests/v1", False),
        ("POST", "/token", False),
        ("POST", "/v2/a/blobs/uploads/", True),
        ("PUT", "/v2/a/manifests/v1", True),
        ("DELETE", "/v2/a/manifests/v1", True),
        ("PUT", "/nonsense", True),
    ],
)
def test_whatever_does_not_read_is_a_write_except_for_tokens(method: str, target: str, is_write: bool) -> None:
    assert parse_call(method, target).is_write is is_write


def test_query_values_are_decoded_and_may_repeat() -> None:
    call = parse_call("GET", "/token?scope=repository%3Aa%3Apull&scope=b&empty=")
    assert call.asked_all("scope") == ("repository:a:pull", "b")
    assert (call.asked("scope"), call.asked("empty"), call.asked("absent")) == ("repository:a:pull", "", None)


def test_a_malformed_repository_name_is_refused() -> None:
    with refused(400, "NAME_INVALID"):
        checked_repository("UPPER")


@pytest.mark.parametrize(("reference", "code"), [("sha256:short", "DIGEST_INVALID"), (".tag", "NAME_INVALID")])
def test_a_malformed_reference_is_refused(reference: str, code: str) -> None:
    with refused(400, code):
        checked_reference(reference)
