"""Which URLs in a registry's answers may be followed, and with which credentials."""

import pytest
from yarl import URL

from cip_async.registry.origins import (
    is_stranger,
    objection_to_link,
    objection_to_location,
    objection_to_realm,
    objection_to_redirect,
    private_address,
    registrable_domain,
    same_origin,
    shown,
    supplied,
)

HERE = URL("https://registry.example/v2/foo/tags/list?n=2")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://other.example/a%2Fb?c=%2C,~(1)", "https://other.example/a%2Fb?c=%2C,~(1)"),
        ("HTTPS://Other.Example:8443/A", "https://other.example:8443/A"),
        ("//other.example/a", "https://other.example/a"),
        ("/v2/foo/x?y=z", "https://registry.example/v2/foo/x?y=z"),
        ("x", "https://registry.example/v2/foo/tags/x"),
        ("?last=b", "https://registry.example/v2/foo/tags/list?last=b"),
        ("/a#fragment", "https://registry.example/a"),
        ("https://my_bucket.s3.example/x", "https://my_bucket.s3.example/x"),
        ("https://[2001:db8::1]:5000/x", "https://[2001:db8::1]:5000/x"),
    ],
)
def test_a_url_is_taken_as_it_stands(text: str, meant: str) -> None:
    assert str(supplied(HERE, text)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#fragment",
        "https://",
        "https:///path",
        "https://a..b/",
        "https://a b/",
        "https://a/b c",
        "https://a/\r\nX: y",
        "https://ä.example/",
        "https://a/\udcff",
        "https://a:99999/",
        "https://a:b/",
        "https://[::1",
        "https://" + "a" * 64 + ".example/",
        "https://a%2e/",
        "https://[]@",
    ],
)
def test_what_cannot_be_asked_is_no_url(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - yarl has its own words for some of these
        supplied(HERE, text)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://registry.example/else", True),
        ("https://registry.example:443/", True),
        ("http://registry.example/", False),
        ("https://registry.example:444/", False),
        ("https://sub.registry.example/", False),
        ("https://registry.example.thief.org/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(other: str, same: bool) -> None:
    assert same_origin(HERE, URL(other)) is same


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "x.localhost",
        "metadata.google.internal",
        "metadata.google.internal.",
        "printer.local",
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "[::1]",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
    ],
)
def test_addresses_of_inner_networks_are_private(host: str) -> None:
    assert private_address(host)


@pytest.mark.parametrize("host", ["gcr.io", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "localhost.example"])
def test_other_addresses_are_public(host: str) -> None:
    assert not private_address(host)


@pytest.mark.parametrize("objection", [objection_to_redirect, objection_to_location])
@pytest.mark.parametrize(
    ("here", "there", "reason"),
    [
        ("https://r.example/", "https://r.example/x", None),
        ("http://r.example/", "http://r.example/x", None),
        ("https://r.example/", "https://storage.example/x", None),
        ("https://r.example/", "http://r.example/x", "not https"),
        ("http://r.example/", "http://storage.example/x", "not https"),
        ("https://r.example/", "https://10.0.0.1/x", "a private address"),
        ("https://r.example/", "ftp://r.example/x", "not an http URL"),
        ("https://r.example/", "https://me@r.example/x", "carries a user name"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:9000/x", None),
        ("http://localhost:5000/", "http://minio.local:9000/x", None),
        ("https://10.0.0.1/", "http://10.0.0.2/x", "not https"),
        ("https://10.0.0.1/", "https://10.0.0.2/x", None),
    ],
)
def test_where_a_redirect_or_an_upload_may_lead(objection: object, here: str, there: str, reason: str | None) -> None:
    assert callable(objection)
    found = objection(URL(here), URL(there))
    assert found is None if reason is None else reason in found


UPLOADS = URL("https://registry.example/v2/prod/foo/blobs/uploads/?mount=x")


@pytest.mark.parametrize(
    "location",
    [
        "https://registry.example/v2/prod/foo/blobs/uploads/u1?_state=x",
        "https://registry.example/v2/prod/foo/blobs/upload/u1",
        "https://registry.example/artifacts-uploads/namespaces/prod/u1",
        "https://storage.example/v2/anything",
    ],
)
def test_an_upload_stays_in_its_repository_or_outside_of_all(location: str) -> None:
    assert objection_to_location(UPLOADS, URL(location)) is None


@pytest.mark.parametrize(
    "location",
    [
        "https://registry.example/v2/staging/foo/blobs/uploads/u1",
        "https://registry.example/v2/prod/foo/manifests/v1",
        "https://registry.example/v2/prod/foo/bar/blobs/uploads/u1",
        "https://registry.example/v2/prod/foo/blobs/../../../staging/foo/blobs/uploads/u1",
        "https://registry.example/v2/prod/foo/blobs/%2e%2e/%2E%2E/manifests/v1",
        "https://registry.example/x/../v2/staging/foo/blobs/uploads/u1",
    ],
)
def test_an_upload_into_another_repository_is_refused(location: str) -> None:
    assert "another repository" in (objection_to_location(UPLOADS, URL(location, encoded=True)) or "")


def test_a_link_stays_at_its_origin_and_path() -> None:
    assert objection_to_link(HERE, HERE.with_query("last=b")) is None
    assert "another path" in (objection_to_link(HERE, URL("https://registry.example/v2/bar/tags/list")) or "")
    assert "another origin" in (objection_to_link(HERE, URL("http://registry.example/v2/foo/tags/list")) or "")


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://r.example", "https://r.example/token"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000/token"),
        ("https://registry.gitlab.example", "https://gitlab.example/jwt/auth"),
        ("https://registry.corp.co.uk", "https://auth.corp.co.uk/token"),
        ("https://registry-1.docker.io", "https://auth.docker.io/token"),
        ("https://10.0.0.1:5000", "https://10.0.0.1/token"),
    ],
)
def test_a_registry_may_name_a_realm_of_its_own(registry: str, realm: str) -> None:
    assert objection_to_realm(URL(registry), URL(realm)) is None


@pytest.mark.parametrize(
    ("registry", "realm", "reason"),
    [
        ("https://r.example.org", "http://r.example.org/token", "not https"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:6000/token", "not https"),
        ("https://one.co.uk", "https://two.co.uk/token", "another domain"),
        ("https://r.example.org", "https://example.org.thief.net/token", "another domain"),
        ("https://r.example.org", "https://10.0.0.1/token", "a private address"),
        ("https://10.0.0.1", "https://10.0.0.2/token", "a private address"),
        ("https://r.example.org", "https://2130706433/token", "another domain"),
        ("https://r.example.org", "https://user@r.example.org/token", "user name"),
        ("https://quay.example", "https://auth.docker.io/token", "another domain"),
    ],
)
def test_a_registry_may_not_name_any_other_realm(registry: str, realm: str, reason: str) -> None:
    assert reason in (objection_to_realm(URL(registry), URL(realm)) or "")


def test_a_realm_may_be_trusted_by_name_but_not_without_encryption() -> None:
    trusted = frozenset({"auth.cloud.example"})
    registry = URL("https://registry.example")
    assert objection_to_realm(registry, URL("https://auth.cloud.example/token"), trusted) is None
    assert "not https" in (objection_to_realm(registry, URL("http://auth.cloud.example/token"), trusted) or "")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("us-docker.pkg.dev", "pkg.dev"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("10.0.0.1", "10.0.0.1"),
        ("8.8.8.8", "8.8.8.8"),
        ("2001:db8::1", "2001:db8::1"),
        ("localhost", "localhost"),
    ],
)
def test_a_registrable_domain_has_one_owner(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


@pytest.mark.parametrize(
    ("registry", "url", "stranger"),
    [
        ("https://registry.corp.example", "https://minio.corp.example/x", False),
        ("https://registry.example", "https://storage.cloud.example.net/x", True),
        ("http://127.0.0.1:5000", "https://storage.example/x", False),
    ],
)
def test_storage_beside_a_registry_is_no_stranger(registry: str, url: str, stranger: bool) -> None:
    assert is_stranger(URL(registry), URL(url)) is stranger


def test_what_is_shown_of_a_url_holds_no_secret() -> None:
    assert shown(URL("https://me:secret@r.example:5000/a%0Ab?sig=secret#secret", encoded=True)) == (
        "https://r.example:5000/a%0Ab"
    )
