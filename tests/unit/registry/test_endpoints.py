"""Where the traffic for a host goes, and how a host's own name leads back there."""

import pytest
from yarl import URL

from cip_async.errors import InvalidSettings
from cip_async.reference import Host, Repository
from cip_async.registry.endpoints import Endpoints, is_loopback


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("us.gcr.io", "https://us.gcr.io"),
        ("registry.example:5000", "https://registry.example:5000"),
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.2:5000", "http://127.0.0.2:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000"),
        ("docker.io", "https://registry-1.docker.io"),
        ("index.docker.io", "https://registry-1.docker.io"),
    ],
)
def test_a_host_is_served_where_its_name_says(host: str, origin: str) -> None:
    assert Endpoints().origin(Host(host)) == URL(origin)


def test_an_endpoint_takes_the_place_of_a_name() -> None:
    endpoints = Endpoints({"gcr.io": "http://localhost:5000/"})
    assert endpoints.origin(Host("gcr.io")) == URL("http://localhost:5000")
    assert endpoints.origin(Host("us.gcr.io")) == URL("https://us.gcr.io")


def test_a_host_is_elsewhere_where_another_origin_serves_it() -> None:
    endpoints = Endpoints({"gcr.io": "http://localhost:5000", "us.gcr.io": "https://us.gcr.io"})
    hosts = ("gcr.io", "us.gcr.io", "eu.gcr.io", "localhost:5000", "docker.io")
    assert [endpoints.is_elsewhere(Host(host)) for host in hosts] == [True, False, False, False, False]


def test_an_endpoint_for_one_name_of_docker_hub_is_one_for_all() -> None:
    endpoints = Endpoints({"docker.io": "https://cache.example", "index.docker.io": "https://other.example"})
    assert endpoints.origin(Host("registry-1.docker.io")).host in ("cache.example", "other.example")
    assert Endpoints({"docker.io": "https://cache.example"}).origin(Host("index.docker.io")).host == "cache.example"
    assert endpoints.origin(Host("index.docker.io")).host == "other.example"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cache.example",
        "cache.example:5000",
        "ftp://cache.example",
        "http://cache.example/path",
        "http://cache.example?query",
        "http://cache.example#fragment",
        "http://",
        "http://[::1",
        "https://[:::1]/",
        "https://[:1]/",
        "http://[]@",
        "http://cache.example:99999",
    ],
)
def test_an_endpoint_is_an_origin_and_nothing_more(url: str) -> None:
    with pytest.raises(InvalidSettings, match=r"endpoint of gcr\.io is .*: expected the URL of an origin"):
        Endpoints({"gcr.io": url})


@pytest.mark.parametrize(
    "url", ["http://me:secret@cache.example", "http://secret@cache.example", "http://me:secret@c:99999"]
)
def test_an_endpoint_with_a_password_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        Endpoints({"gcr.io": url})
    assert "secret" not in str(refused.value)


def test_an_endpoint_is_for_a_host() -> None:
    with pytest.raises(InvalidSettings, match="HOST=URL"):
        Endpoints({"gcr.io/path": "http://localhost:5000"})


def test_a_password_in_the_place_of_a_host_is_not_shown() -> None:
    with pytest.raises(InvalidSettings) as refused:
        Endpoints({"http://me:secret@cache.example": "gcr.io"})
    assert str(refused.value) == "endpoint is '(with a user name)': expected HOST=URL, with a host such as us.gcr.io"


def test_docker_hubs_official_images_live_below_library() -> None:
    endpoints = Endpoints()
    assert endpoints.path(Repository(Host("docker.io"), "busybox")) == "library/busybox"
    assert endpoints.path(Repository(Host("docker.io"), "me/busybox")) == "me/busybox"
    assert endpoints.path(Repository(Host("gcr.io"), "busybox")) == "busybox"


def test_a_place_is_the_same_under_all_names_of_it() -> None:
    endpoints = Endpoints({"one.example": "http://localhost:5000", "two.example": "http://localhost:5000"})
    places = [
        ("one.example", "foo", "two.example", "foo", True),
        ("one.example", "foo", "two.example", "bar", False),
        ("one.example", "foo", "three.example", "foo", False),
        ("docker.io", "busybox", "registry-1.docker.io", "library/busybox", True),
    ]
    for host, path, other_host, other_path, same in places:
        one, other = Repository(Host(host), path), Repository(Host(other_host), other_path)
        assert (endpoints.place(one) == endpoints.place(other)) is same


@pytest.mark.parametrize(
    "url",
    [
        "https://gcr.io/v2/x?a=%2Fb",
        "http://gcr.io/v2/x?a=%2Fb",
        "https://gcr.io:443/v2/x?a=%2Fb",
        "https://gcr.io./v2/x?a=%2Fb",
    ],
)
def test_a_hosts_own_name_leads_back_to_its_endpoint(url: str) -> None:
    endpoints = Endpoints({"gcr.io": "http://localhost:5000"})
    assert str(endpoints.map_back(Host("gcr.io"), URL(url, encoded=True))) == "http://localhost:5000/v2/x?a=%2Fb"


@pytest.mark.parametrize(
    "url",
    [
        "https://us.gcr.io/v2/x",
        "https://gcr.io:444/v2/x",
        "https://me:x@gcr.io/v2/x",
        "ftp://gcr.io/v2/x",
        "https://gcr.io.thief.example/v2/x",
    ],
)
def test_other_urls_stay_where_they_lead(url: str) -> None:
    assert str(Endpoints({"gcr.io": "http://localhost:5000"}).map_back(Host("gcr.io"), URL(url))) == url


def test_a_registry_behind_a_proxy_that_thinks_it_is_not_encrypted_is_reached_encrypted() -> None:
    url = URL("http://registry.example/v2/foo/blobs/uploads/u1")
    assert Endpoints().map_back(Host("registry.example"), url).scheme == "https"


def test_every_name_of_docker_hub_leads_back_to_its_endpoint() -> None:
    endpoints = Endpoints({"docker.io": "http://localhost:5000"})
    url = URL("https://registry-1.docker.io/v2/x")
    assert str(endpoints.map_back(Host("docker.io"), url)) == "http://localhost:5000/v2/x"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:80", "a.localhost", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:80"]
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "127.example", "128.0.0.1", "[::2]", "127.0.0.1.example"])
def test_no_other_machine_is_taken_for_this_one(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("/v2/a/tags/list?n=5", "http://localhost:5000/v2/a/tags/list?n=5"),
        ("/v2/a/manifests/v1", "http://localhost:5000/v2/a/manifests/v1"),
        (
            "/v2/a/blobs/uploads/?mount=sha256:0&from=x%2Fy",
            "http://localhost:5000/v2/a/blobs/uploads/?mount=sha256:0&from=x%2Fy",
        ),
    ],
)
def test_targets_are_asked_for_at_the_endpoint_as_they_stand(target: str, url: str) -> None:
    assert str(Endpoints({"gcr.io": "http://localhost:5000"}).url(Host("gcr.io"), target)) == url
