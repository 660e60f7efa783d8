"""A malformed name spoils the answer it came in."""

from collections.abc import Callable

import pytest

from cip_async.errors import UntrustedAnswer
from cip_async.reference import Host, Repository
from cip_async.registry.listing.names import Answer

ANSWER = Answer.of_tags(Repository(Host("us.example"), "prod/foo"))


def test_good_names_are_parsed() -> None:
    digest = "sha256:" + "a" * 64
    assert ANSWER.tags(["v1", "1.10"]) == ("v1", "1.10")
    assert ANSWER.digest(digest) == digest
    assert ANSWER.image_names(["foo", "foo/bar"]) == ("foo", "foo/bar")


@pytest.mark.parametrize(
    "parse",
    [
        lambda: ANSWER.tags(["v1", "../../secret"]),
        lambda: ANSWER.tags([""]),
        lambda: ANSWER.tags(["v1\x1b[2J"]),
        lambda: ANSWER.digest("sha256:abc"),
        lambda: ANSWER.digest("md5:" + "a" * 32),
        lambda: ANSWER.image_names(["foo/../../other"]),
        lambda: ANSWER.image_names(["FOO"]),
    ],
)
def test_a_malformed_name_spoils_the_answer(parse: Callable[[], object]) -> None:
    with pytest.raises(UntrustedAnswer, match=r"the answer cannot be used: .* is malformed: expected") as refused:
        parse()
    assert str(refused.value).isprintable()


def test_the_error_names_the_request() -> None:
    with pytest.raises(UntrustedAnswer, match=r"us\.example: GET /v2/prod/foo/tags/list: the answer cannot be used"):
        ANSWER.tags([" "])
    with pytest.raises(UntrustedAnswer, match=r"us\.example: GET /v2/_catalog: the answer cannot be used"):
        Answer.of_catalog(Host("us.example")).image_names([" "])
