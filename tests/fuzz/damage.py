"""Inputs that get deep: valid bytes, damaged in a few places with the words of their grammar."""

from hypothesis import strategies as st

LONGEST = 100_000
"""Bytes of an input. Bounds that lie higher have tests of their own."""

ODDITIES = (
    b"",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"\r",
    b"\r\n",
    b"\n",
    b"\t",
    b" ",
    b"-",
    b"0",
    b"-1",
    b"9" * 25,
    b"1e999",
    b"NaN",
    b"null",
    b"%2f",
    b"%00",
    b"../",
    b"\\ud800",
    "\u0131".encode(),
    "\u0663".encode(),
    b"a" * 300,
)
"""What upset parsers of any kind before."""


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...], words: tuple[bytes, ...]) -> bytes:
    """One of `seeds` with at most four damages, of which none leaves it valid."""
    content = draw(st.sampled_from(seeds))
    vocabulary = st.sampled_from(words + ODDITIES) | st.binary(max_size=4)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 40)))
        piece = content[start:end]
        match draw(st.sampled_from(["insert", "replace", "delete", "repeat", "many", "end", "splice", "swap"])):
            case "insert":
                content = content[:start] + draw(vocabulary) + content[start:]
            case "replace":
                content = content[:start] + draw(vocabulary) + content[end:]
            case "delete":
                content = content[:start] + content[end:]
            case "repeat":
                content = content[:end] + piece + content[end:]
            case "many":
                content = content[:start] + draw(vocabulary) * draw(st.integers(2, 500)) + content[end:]
            case "end":
                content = content[:start]
            case "splice":
                content = content[:start] + draw(st.sampled_from(seeds))[start:]
            case _:
                content = content[end:] + piece + content[:start]
    return content[:LONGEST]


def inputs(seeds: tuple[bytes, ...], words: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    """Damaged seeds; now and then words in any order, or any bytes."""
    vocabulary = st.lists(st.sampled_from(words + ODDITIES), max_size=12).map(b"".join)
    often = damaged(seeds, words)
    return st.integers(0, 9).flatmap(lambda n: often if n < 8 else vocabulary if n == 8 else st.binary(max_size=300))
