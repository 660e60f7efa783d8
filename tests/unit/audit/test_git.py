"""Only URLs that lead git where it should go are taken, and it is given nothing that could lead it astray."""

import pytest

from cip_async.audit.git import Git
from cip_async.errors import InvalidSettings


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/kubernetes/k8s.io",
        "https://me@git.example:8443/owner/name.git",
        "ssh://git@github.com/owner/name.git",
        "ssh://git.example:2222/owner/name",
        "git@github.com:owner/name.git",
        "file:///srv/git/name.git",
    ],
)
def test_urls_of_the_allowed_forms_are_taken(url: str) -> None:
    assert Git(url, 1.0).url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "name",
        "/srv/git/name.git",
        "../name",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x",
        "http://github.com/owner/name",
        "git://github.com/owner/name",
        "ftp://example.com/name",
        "ext::sh -c touch% /tmp/x",
        "fd::17",
        "https://",
        "https:///path",
        "https://github.com",
        "https://github.com/",
        "ssh://-oProxyCommand=x/path",
        "ssh://-x@host/path",
        "-x@host:path",
        "git@-x:path",
        "git@host:-path",
        "file://host/srv/name.git",
        "file://",
        "https://exa mple.com/name",
        "https://example.com/name\n",
        "https://example.com/\x1b[31m",
        "https://[::1/name",
        "HTTPS2://example.com/name",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^repository URL is "):
        Git(url, 1.0)


def test_a_url_with_a_password_is_refused_and_the_password_not_told() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Git("https://me:hunter2@git.example/name.git", 1.0)
    assert str(caught.value) == (
        "repository URL is 'https://…@git.example/name.git': expected a URL without a password: git takes one from a"
        " credential helper"
    )
