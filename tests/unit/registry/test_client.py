"""The pure parts of the client: what a page's link asks for, and whether bytes have their digest."""

import hashlib

import pytest
from yarl import URL

from cip_async.errors import DigestMismatch
from cip_async.reference import Digest, Host, Repository
from cip_async.registry.client import NextPage, UploadSession, verify

FOO = Repository(Host("us.example"), "prod/foo")
BODY = b"{}"


@pytest.mark.parametrize(
    ("link", "smaller"),
    [
        ("https://us.example/x?n=100&last=a%2Fb", "https://us.example/x?n=9&last=a%2Fb"),
        ("https://us.example/x?last=n=5&n=100", "https://us.example/x?last=n=5&n=9"),
        ("https://us.example/x?last=b", None),
        ("https://us.example/x?token=abc&nn=7", None),
    ],
)
def test_a_page_can_be_asked_for_with_fewer_names_where_its_link_names_a_number(link: str, smaller: str | None) -> None:
    asked = NextPage(URL(link, encoded=True)).asking(9)
    assert (None if asked is None else str(asked.url)) == smaller


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_bytes_must_have_their_digest(algorithm: str) -> None:
    verify(FOO, Digest(f"{algorithm}:{hashlib.new(algorithm, BODY).hexdigest()}"), BODY)
    with pytest.raises(DigestMismatch, match=r"us\.example: prod/foo@sha.*: the bytes have the digest sha"):
        verify(FOO, Digest(f"{algorithm}:{hashlib.new(algorithm, BODY + b' ').hexdigest()}"), BODY)


def test_what_leads_on_shows_no_secret() -> None:
    url = URL("https://us.example/v2/x?state=secret")
    assert "secret" not in repr(NextPage(url))
    assert "secret" not in repr(UploadSession(repository=FOO, location=url))
