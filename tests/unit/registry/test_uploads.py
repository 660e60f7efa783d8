"""What is asked for a blob to get into a repository, and what the answers say."""

from collections.abc import AsyncIterator

from yarl import URL

from cip_async.reference import Digest, Host, Repository
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.uploads import UploadSession, cancel_request, mount_request, upload_request

HOST = Host("us.example")
FOO = Repository(HOST, "prod/foo")
BAR = Repository(HOST, "prod/bar")
DIGEST = Digest(f"sha256:{'a' * 64}")


class Nothing:
    """The bytes of an empty blob."""

    size_bytes = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b""


def at(location: str) -> UploadSession:
    return UploadSession(repository=FOO, location=URL(location, encoded=True))


def test_where_an_upload_goes_shows_no_secret() -> None:
    assert "secret" not in repr(at("https://us.example/v2/x?state=secret"))


def test_the_digest_is_added_to_what_the_registry_wrote() -> None:
    for location in ("https://us.example/v2/x?state=%2B%3d", "https://us.example/v2/x"):
        request = upload_request(at(location), DIGEST, Nothing(), Endpoints(), 1)
        assert str(request.url) == f"{location}{'&' if '?' in location else '?'}digest={DIGEST}"


def test_an_upload_elsewhere_asks_for_nothing_to_be_allowed() -> None:
    here, elsewhere = at("https://us.example/v2/x"), at("https://bytes.example/x")
    assert cancel_request(here, Endpoints(), 1).scopes == ("repository:prod/foo:pull,push",)
    assert cancel_request(elsewhere, Endpoints(), 1).scopes == ()
    assert upload_request(elsewhere, DIGEST, Nothing(), Endpoints(), 1).scopes == ()


def test_a_mount_asks_to_read_the_other_repository_only_where_it_is_on_the_same_host() -> None:
    other = Repository(Host("eu.example"), "prod/bar")
    assert mount_request(BAR, FOO, DIGEST, Endpoints(), 1).scopes[1:] == ("repository:prod/bar:pull",)
    across = mount_request(other, FOO, DIGEST, Endpoints(), 1)
    assert across.scopes == ("repository:prod/foo:pull,push",)
    assert across.target.endswith("&from=prod/bar&origin=eu.example")
