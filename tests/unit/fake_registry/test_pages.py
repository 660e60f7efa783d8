"""Pages of a listing."""

import pytest

from cip_async.fake_registry.pages import page
from cip_async.fake_registry.rules import Rules
from tests.unit.fake_registry.visits import refused, visit

NAMES = ["a", "b", "c", "d", "e"]


def link(header: str) -> str:
    return f'<{header}>; rel="next"'


@pytest.mark.parametrize(
    ("query", "names", "further"),
    [
        ("", ["a", "b", "c"], "?last=c&n=3"),
        ("?n=2", ["a", "b"], "?last=b&n=2"),
        ("?n=100", ["a", "b", "c"], "?last=c&n=3"),
        ("?n=2&last=b", ["c", "d"], "?last=d&n=2"),
        ("?n=2&last=c", ["d", "e"], None),
        ("?last=bb", ["c", "d", "e"], None),
        ("?last=z", [], None),
        ("?n=0", [], None),
    ],
)
def test_a_page_has_so_many_names_and_leads_to_the_next(query: str, names: list[str], further: str | None) -> None:
    cut, headers = page(visit("GET", f"/v2/x/tags/list{query}", rules=Rules(page_size=3)), NAMES)
    assert cut == names
    assert headers == ({} if further is None else {"Link": link(f"/v2/x/tags/list{further}")})


def test_following_the_links_gives_every_name_once() -> None:
    target, seen = "/v2/x/tags/list", list[str]()
    for _ in NAMES:
        cut, headers = page(visit("GET", target, rules=Rules(page_size=2)), NAMES)
        seen += cut
        if not headers:
            break
        target = headers["Link"].removeprefix("<").partition(">")[0]
    assert seen == NAMES


def test_other_parameters_stay_in_the_link() -> None:
    target = "/v2/x/referrers/d?artifactType=a%2Fb%20c&n=1"
    _, headers = page(visit("GET", target), NAMES)
    assert headers == {"Link": link("/v2/x/referrers/d?artifactType=a%2Fb%20c&last=a&n=1")}


def test_names_are_quoted_in_the_link() -> None:
    _, headers = page(visit("GET", "/v2/_catalog?n=1"), ["a/b", "c"])
    assert headers == {"Link": link("/v2/_catalog?last=a%2Fb&n=1")}


def test_a_page_goes_on_after_the_last_name_in_whatever_order_they_are() -> None:
    assert page(visit("GET", "/v2/x/tags/list?last=c"), ["d", "c", "a", "z"])[0] == ["a", "z"]


def test_without_links_a_listing_is_silently_cut_off() -> None:
    assert page(visit("GET", "/x", rules=Rules(page_size=2, links=False)), NAMES) == (["a", "b"], {})


@pytest.mark.parametrize("locations", ["absolute", "public"])
def test_a_link_may_be_absolute(locations: str) -> None:
    rules = Rules(locations=locations)  # type: ignore[arg-type]
    origin = {"absolute": "http://127.0.0.1:5000", "public": "https://gcr.io"}[locations]
    assert page(visit("GET", "/v2/x/tags/list?n=1", rules=rules), NAMES)[1] == {
        "Link": link(f"{origin}/v2/x/tags/list?last=a&n=1")
    }


@pytest.mark.parametrize("n", ["-1", "many", "", "½"])
def test_what_is_no_number_is_refused(n: str) -> None:
    with refused(400, "PAGINATION_NUMBER_INVALID"):
        page(visit("GET", f"/v2/x/tags/list?n={n}"), NAMES)
