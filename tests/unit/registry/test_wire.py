"""Headers and JSON as registries really send them, and as hostile ones might."""

import msgspec
import pytest

from cip_async.registry.wire import (
    MANIFEST_ACCEPT,
    UNDECODABLE,
    Challenge,
    GoogleManifest,
    accepted_tags,
    challenges,
    error_decoder,
    next_link,
    retry_after_s,
    tags_decoder,
    token_decoder,
    without_controls,
)

HALF_PAST = 784_111_777.0
"""Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110."""


def test_a_challenge_is_read_with_its_parameters() -> None:
    header = 'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a:pull,push"'
    assert challenges([header]) == (
        Challenge(
            scheme="bearer",
            parameters={
                "realm": "https://auth.example/token",
                "service": "registry.example",
                "scope": "repository:a:pull,push",
            },
        ),
    )


def test_several_challenges_come_in_one_header_or_in_many() -> None:
    one = challenges(['Basic realm="a", Bearer realm="b",service=c'])
    many = challenges(['Basic realm="a"', 'Bearer realm="b",service=c'])
    assert one == many
    assert [(challenge.scheme, challenge.parameters) for challenge in one] == [
        ("basic", {"realm": "a"}),
        ("bearer", {"realm": "b", "service": "c"}),
    ]


@pytest.mark.parametrize(
    "header", ["BEARER Realm = token", 'bearer realm="token"', "Bearer  realm=token ,", ",Bearer realm=token"]
)
def test_case_blanks_and_quotes_of_a_challenge_do_not_matter(header: str) -> None:
    assert challenges([header]) == (Challenge(scheme="bearer", parameters={"realm": "token"}),)


def test_quoted_commas_and_escapes_belong_to_the_value() -> None:
    assert challenges([r'Basic realm="a, \"b\" Bearer c=d"'])[0].parameters == {"realm": 'a, "b" Bearer c=d'}


@pytest.mark.parametrize("header", ["", "=", '"', "realm=x", 'realm="x', "\x00"])
def test_what_is_no_challenge_is_passed_over(header: str) -> None:
    assert challenges([header]) == ()


@pytest.mark.parametrize(
    "header",
    [
        '</v2/foo/tags/list?n=2&last=b>; rel="next"',
        "</v2/foo/tags/list?n=2&last=b>; rel=next",
        "</v2/foo/tags/list?n=2&last=b>;rel=NEXT",
        '</v2/foo/tags/list?n=2&last=b> ; REL = "Next"',
        '</v2/foo/tags/list?n=2&last=b>; title="x; y"; rel="prev next"',
        "</v2/foo/tags/list?n=2&last=b>; crossorigin; rel=next",
        '</other>; rel="prev", </v2/foo/tags/list?n=2&last=b>; rel="next"',
    ],
)
def test_the_next_page_is_found_however_the_link_is_written(header: str) -> None:
    assert next_link([header]) == "/v2/foo/tags/list?n=2&last=b"


def test_a_header_of_nothing_but_brackets_is_read_in_no_time() -> None:
    assert next_link(["<" * 200_000]) is None


def test_the_next_page_is_found_in_any_of_several_headers() -> None:
    assert next_link(['</a>; rel="prev"', '</b>; rel="next"']) == "/b"


@pytest.mark.parametrize(
    "headers", [[], [""], ['</a>; rel="prev"'], ['</a>; rel="nextish"'], ["</v2/next/tags/list>; rel=prev"]]
)
def test_other_links_lead_to_no_next_page(headers: list[str]) -> None:
    assert next_link(headers) is None


@pytest.mark.parametrize(
    "header", ['/v2/foo/tags/list?last=b; rel="next"', '</v2/foo; rel="next"', "next", 'rel="next"; </v2/foo>']
)
def test_a_link_that_speaks_of_more_and_cannot_be_read_is_an_error(header: str) -> None:
    with pytest.raises(ValueError, match="speaks of a next page"):
        next_link([header])


@pytest.mark.parametrize("text", ["120", " 120 "])
def test_a_pause_is_read_from_seconds(text: str) -> None:
    assert retry_after_s(text, HALF_PAST) == 120.0


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:47 GMT",
        "Sunday, 06-Nov-94 08:49:47 GMT",
        "Sun Nov  6 08:49:47 1994",
        "Sun, 06 Nov 1994 09:49:47 +0100",
        "Sun, 06 Nov 1994 08:49:47 -0000",
    ],
)
def test_a_pause_is_read_from_any_form_of_date(text: str) -> None:
    assert retry_after_s(text, HALF_PAST) == 10.0


def test_a_date_in_the_past_asks_for_no_pause() -> None:
    assert retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT", HALF_PAST + 1) == 0.0


@pytest.mark.parametrize(
    "text", [None, "", "soon", "-1", "1.5", "9" * 10, "٣", "Sun, 99 Nov 1994 08:49:37 GMT", "1 2 3 4 5"]
)
def test_a_pause_that_cannot_be_read_is_none(text: str | None) -> None:
    assert retry_after_s(text, HALF_PAST) is None


def test_accepted_tags_come_repeated_or_joined() -> None:
    assert accepted_tags(["a, b", "c", ""]) == {"a", "b", "c"}


def test_text_from_a_server_becomes_one_printable_line() -> None:
    assert without_controls("a\nb\x1b[2Jc\u202ed") == "a b [2Jc d"
    assert without_controls("x" * 400) == "x" * 300 + "…"


def test_every_type_of_manifest_is_accepted() -> None:
    assert MANIFEST_ACCEPT.count(", ") == 5
    assert "application/vnd.oci.image.index.v1+json" in MANIFEST_ACCEPT
    assert "application/vnd.docker.distribution.manifest.v1+prettyjws" in MANIFEST_ACCEPT


@pytest.mark.parametrize(
    ("said", "meant"), [("12", 12), ("0", None), ("", None), ("-1", None), ("²", None), ("9" * 19, None)]
)
def test_googles_sizes_are_decimal_strings(said: str, meant: int | None) -> None:
    assert GoogleManifest(image_size_bytes=said).size_bytes == meant


def test_a_repository_without_tags_may_say_null() -> None:
    assert tags_decoder.decode(b'{"name":"foo","tags":null}').tags is None
    assert tags_decoder.decode(b'{"name":"foo"}').tags is msgspec.UNSET


def test_a_token_may_come_under_either_name_and_the_other_be_null() -> None:
    body = token_decoder.decode(b'{"token":null,"access_token":"t","refresh_token":null,"expires_in":300}')
    assert (body.token, body.access_token, body.expires_in) == (None, "t", 300.0)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"tags":[1]}', b'{"name":"\xff"}', b'{"x":' + b"[" * 200_000]
)
def test_a_body_that_cannot_be_decoded_raises_what_is_expected(body: bytes) -> None:
    with pytest.raises(UNDECODABLE):
        tags_decoder.decode(body)


def test_the_detail_of_an_error_may_be_anything() -> None:
    body = msgspec.json.encode({"errors": [{"code": "A", "detail": "x"}, {"message": "m", "detail": {"a": [1]}}, {}]})
    assert [error.detail for error in error_decoder.decode(body).errors] == ["x", {"a": [1]}, None]
