"""How images are written in a file that people wrote: its quotes, spaces and indentation, to write more like it."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise

import attrs

from cip_async.manifests.entries import Entry, words
from cip_async.manifests.render import scalar
from cip_async.manifests.spans import Lines
from cip_async.reference import Digest, ImageName, Tag

Digests = Mapping[Digest, AbstractSet[Tag]]
"""Digests with their tags, or none."""


@attrs.frozen(kw_only=True)
class Style:
    """How a digest and its tags are written. `dash_indent`: how far tags on lines of their own are indented."""

    key_quote: str = '"'
    tag_quote: str = '"'
    padding: str = ""
    separator: str = ", "
    dash_indent: int | None = None

    def flow_digest(self, digest: Digest, tags: AbstractSet[Tag]) -> str:
        """A digest with its tags, in one line."""
        return f"{quoted(digest, self.key_quote, in_flow=True)}: {self._listed(tags)}"

    def block_digest(self, digest: Digest, tags: AbstractSet[Tag], indent: int) -> list[str]:
        """A digest with its tags, in one line or several."""
        key = " " * indent + quoted(digest, self.key_quote)
        if self.dash_indent is None or not tags:
            return [f"{key}: {self._listed(tags)}"]
        dash = " " * (indent + self.dash_indent)
        return [f"{key}:", *(f"{dash}- {quoted(tag, self.tag_quote)}" for tag in sorted(tags))]

    def block_digests(self, digests: Digests, indent: int) -> list[str]:
        """The lines of several digests, sorted."""
        return [line for each in sorted(digests.items()) for line in self.block_digest(*each, indent)]

    def flow_dmap(self, digests: Digests) -> str:
        """Digests in one line, sorted."""
        inside = ", ".join(self.flow_digest(*each) for each in sorted(digests.items()))
        return f"{{{inside}}}"

    def flow_image(self, name: ImageName, digests: Digests, quote: str) -> str:
        """An image in one line; `quote` is around the names of its fields."""
        named = quoted(name, quote, in_flow=True)
        return f"{{{quote}name{quote}: {named}, {quote}dmap{quote}: {self.flow_dmap(digests)}}}"

    def _listed(self, tags: AbstractSet[Tag]) -> str:
        if not tags:
            return "[]"
        inside = self.separator.join(quoted(tag, self.tag_quote, in_flow=True) for tag in sorted(tags))
        return f"[{self.padding}{inside}{self.padding}]"


def style_of(entries: Iterable[Entry], text: str, lines: Lines) -> Style:
    """The style of the first of `entries` that has digests, which is told best by one with tags."""
    pairs = next((list(entry.digests.values()) for entry in entries if entry.digests), None)
    if pairs is None:
        return Style()
    key, tags = next((pair for pair in pairs if pair[1].parts), pairs[0])
    listed = words(tags)
    if not listed:
        return Style(key_quote=key.quote)
    if not tags.is_flow:
        indent = lines.column(tags.start) - lines.column(key.start)
        return Style(key_quote=key.quote, tag_quote=listed[0].quote, dash_indent=indent)
    before = text[tags.start + 1 : listed[0].start]
    comma = next((text[one.end : other.start] for one, other in pairwise(listed)), "")
    return Style(
        key_quote=key.quote,
        tag_quote=listed[0].quote,
        padding="" if before.strip(" ") else before,
        separator="," if comma == "," else ", ",
    )


def quoted(text: str, quote: str, *, in_flow: bool = False) -> str:
    """A name, digest or tag in these quotes; without any only where every reader takes it for text."""
    if quote:
        return f"{quote}{text}{quote}"
    return f'"{text}"' if in_flow and ":" in text else scalar(text)
