"""The pure parts of the client: whether bytes have their digest, and what an upload shows."""

import hashlib

import pytest
from yarl import URL

from cip_async.errors import DigestMismatch
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.client import UploadSession, verify

FOO = Repository(Host("us.example"), "prod/foo")
BODY = b"{}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_bytes_must_have_their_digest(algorithm: str) -> None:
    verify(FOO, Digest(f"{algorithm}:{hashlib.new(algorithm, BODY).hexdigest()}"), BODY)
    with pytest.raises(DigestMismatch, match=r"us\.example: prod/foo@sha.*: the bytes have the digest sha"):
        verify(FOO, Digest(f"{algorithm}:{hashlib.new(algorithm, BODY + b' ').hexdigest()}"), BODY)


def test_where_an_upload_goes_shows_no_secret() -> None:
    url = URL("https://us.example/v2/x?state=secret")
    assert "secret" not in repr(UploadSession(repository=FOO, location=url))
