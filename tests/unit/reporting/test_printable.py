"""Text from outside, made safe to print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip_async.reporting.printable import printable


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\x00\x7f", r"\x00\x7f"),
        ("\U000e0001", r"\U000e0001"),
    ],
)
def test_what_could_drive_a_terminal_is_escaped(hostile: str, harmless: str) -> None:
    assert printable(hostile) == harmless


@pytest.mark.parametrize("text", ["", "gcr.io/foo:v1", "Größe · 東京 … “quoted”"])
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(st.text())
def test_the_result_is_always_one_visible_line(text: str) -> None:
    assert printable(text).isprintable()
