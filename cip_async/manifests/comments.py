"""The comments of a YAML document, and what each is about."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import attrs

from cip_async.manifests.spans import Lines, Part, Word

_COMMENT: Final = re.compile("#[^\r\n\x85\u2028\u2029]*")
_CLOSING: Final = re.compile(r"[\]}]")


@attrs.frozen(kw_only=True)
class Comment:
    """One comment: its text, and the scalars before and behind it.

    `is_own_line`: nothing but the comment is in its line. `follows`: it is about what comes before it in its line.
    """

    text: str
    column: int
    before: Word | None
    behind: Word | None
    is_own_line: bool
    follows: bool
    is_apart: bool
    """Whether a blank line comes somewhere between it and what is behind it."""


def words_of(root: Part | None) -> Iterator[Word]:
    """All scalars, in the order of the text."""
    if isinstance(root, Word):
        yield root
    elif root is not None:
        for part in root.parts:
            yield from words_of(part)


def comments(text: str, lines: Lines, words: Sequence[Word]) -> Iterator[Comment]:
    """All comments, in the order of the text. Outside scalars, a `#` can begin nothing else."""
    edges: list[Word | None] = [None, *words, None]
    for before, behind in pairwise(edges):
        start = before.end if before else 0
        end = behind.start if behind else len(text)
        for found in _COMMENT.finditer(text, start, end):
            left = text[lines.start(found.start()) : found.start()]
            same_line = before is not None and lines.start(before.start) == lines.start(found.start())
            gap = text[found.end() : end].split("\n")[1:-1] if behind else []
            yield Comment(
                text=found[0].rstrip(),
                column=lines.column(found.start()),
                before=before,
                behind=behind,
                is_own_line=not left.strip(),
                follows=bool(left.strip()) and (same_line or bool(_CLOSING.search(left))),
                is_apart=any(not line.strip() for line in gap),
            )
