"""A search for secrets that finds none must have been able to find them."""

import base64
from urllib.parse import quote

import pytest

from tests.hostile.markers import leaks, marker

SECRET = marker("password")


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {SECRET}",
        f"http://host/x?sig={quote(SECRET, safe='')}",
        f"http://host/x?sig={quote(SECRET)}&more",
        *(base64.b64encode(f"{user}:{SECRET}".encode()).decode() for user in ("m", "me", "you")),
        *(base64.urlsafe_b64encode(f"{user}:{SECRET}, and more".encode()).decode() for user in ("m", "me", "you")),
    ],
)
def test_a_secret_is_found_in_every_form(text: str) -> None:
    assert leaks(text, [SECRET, marker("other")]) == [SECRET]


def test_what_is_no_secret_is_not_found() -> None:
    assert leaks("password Mk+pass", [SECRET]) == []
