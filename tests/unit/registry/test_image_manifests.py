"""What is asked about image manifests, and what the answers say."""

import hashlib

import pytest

from cip_async.errors import DigestMismatch
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.image_manifests import verify

FOO = Repository(Host("us.example"), "prod/foo")
BODY = b"{}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_bytes_must_have_their_digest(algorithm: str) -> None:
    verify(FOO, Digest(f"{algorithm}:{hashlib.new(algorithm, BODY).hexdigest()}"), BODY)
    with pytest.raises(DigestMismatch, match=r"us\.example: prod/foo@sha.*: the bytes have the digest sha"):
        verify(FOO, Digest(f"{algorithm}:{hashlib.new(algorithm, BODY + b' ').hexdigest()}"), BODY)
