"""What requests need to be allowed."""

import pytest

from cip_async.fake_registry.calls import parse_call
from cip_async.fake_registry.scopes import needed_scopes, parse_scopes

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("method", "target", "scopes"),
    [
        ("GET", "/v2/", []),
        ("GET", "/token", []),
        ("GET", "/nonsense", []),
        ("GET", "/v2/_catalog", ["registry:catalog:*"]),
        ("GET", "/v2/a/b/tags/list", ["repository:a/b:pull"]),
        ("HEAD", "/v2/a/manifests/v1", ["repository:a:pull"]),
        ("GET", f"/v2/a/blobs/{DIGEST}", ["repository:a:pull"]),
        ("PUT", "/v2/a/manifests/v1", ["repository:a:pull,push"]),
        ("POST", "/v2/a/blobs/uploads/", ["repository:a:pull,push"]),
        ("GET", "/v2/a/blobs/uploads/u1", ["repository:a:pull"]),
        ("DELETE", "/v2/a/manifests/v1", ["repository:a:delete"]),
        ("DELETE", "/v2/a/blobs/uploads/u1", ["repository:a:delete"]),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}&from=b", ["repository:a:pull,push", "repository:b:pull"]),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}&from=a", ["repository:a:pull,push"]),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}", ["repository:a:pull,push"]),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}&from=b&origin=x", ["repository:a:pull,push"]),
    ],
)
def test_a_request_needs_the_least_that_does(method: str, target: str, scopes: list[str]) -> None:
    assert list(map(str, needed_scopes(parse_call(method, target)))) == scopes


@pytest.mark.parametrize(
    ("texts", "scopes"),
    [
        (["repository:a:pull"], ["repository:a:pull"]),
        (["repository:a:push,pull", "repository:b:pull"], ["repository:a:pull,push", "repository:b:pull"]),
        (["repository:a:pull repository:b:pull"], ["repository:a:pull", "repository:b:pull"]),
        (["repository:a:pull", "repository:a:push"], ["repository:a:pull,push"]),
        (["repository:localhost:5000/a:pull"], ["repository:localhost:5000/a:pull"]),
        (["repository:a:"], ["repository:a:"]),
        (["nonsense", "repository:a", ""], []),
    ],
)
def test_scopes_are_read_in_every_way_they_are_written(texts: list[str], scopes: list[str]) -> None:
    assert list(map(str, parse_scopes(texts))) == scopes
