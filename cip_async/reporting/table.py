"""The table that a reviewer of a dry run reads: what would be promoted, grouped by image."""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

import attrs

from cip_async.model.plan import PairPlan, Promotion
from cip_async.model.report import Report
from cip_async.reference import Repository
from cip_async.reporting.amounts import count

ROWS_SHOWN: Final = 50
_DESTINATIONS_SHOWN: Final = 3
_SHORT_DIGEST: Final = len("sha256:") + 12


@attrs.frozen(kw_only=True)
class _Row:
    """One image, and the mirrors that lack it in the same way."""

    promotion: Promotion
    destinations: tuple[Repository, ...]


def promotion_table(report: Report, *, width: int | None = None, rows: int = ROWS_SHOWN) -> Iterator[str]:
    """What is to be promoted, line by line: each source repository, its mirrors, its images with their tags.

    The first `rows` images are spelled out and the others counted. With a `width`, digests are shortened and
    long lines folded to fit; without, a line is as long as it needs to be.
    """
    left, images_untold, sources_untold = rows, 0, 0
    pairs = sorted(report.plan.pairs, key=lambda plan: (plan.pair.source, plan.pair.destination))
    for source, of_source in groupby(pairs, key=lambda plan: plan.pair.source):
        missing = _rows(of_source)
        if missing and left:
            yield from _source_lines(source, missing[:left], width)
        untold = len(missing) - min(left, len(missing))
        images_untold += untold
        sources_untold += bool(untold)
        left -= len(missing) - untold
    if images_untold:
        yield f"… and {count(images_untold, 'more image')} from {count(sources_untold, 'repository')}"


def _rows(pair_plans: Iterable[PairPlan]) -> list[_Row]:
    alike: dict[int, tuple[tuple[Promotion, ...], list[Repository]]] = {}  # by identity: mirrors alike share the tuple
    for pair_plan in pair_plans:
        promotions = pair_plan.promotions
        alike.setdefault(id(promotions), (promotions, []))[1].append(pair_plan.pair.destination)
    lacking: dict[Promotion, list[Repository]] = {}
    for promotions, destinations in alike.values():
        for promotion in promotions:
            lacking.setdefault(promotion, []).extend(destinations)
    rows = [_Row(promotion=promotion, destinations=tuple(sorted(where))) for promotion, where in lacking.items()]
    return sorted(rows, key=lambda row: (row.destinations, row.promotion.tags, row.promotion.digest))


def _source_lines(source: Repository, rows: list[_Row], width: int | None) -> Iterator[str]:
    yield str(source)
    for destinations, of_destinations in groupby(rows, key=lambda row: row.destinations):
        yield from _destination_lines(destinations)
        for row in of_destinations:
            yield from _row_lines(row.promotion, width)


def _destination_lines(destinations: tuple[Repository, ...]) -> Iterator[str]:
    shown = destinations if len(destinations) == _DESTINATIONS_SHOWN + 1 else destinations[:_DESTINATIONS_SHOWN]
    lead = "  to "
    for destination in shown:
        yield f"{lead}{destination}"
        lead = "     "
    if len(shown) < len(destinations):
        yield f"{lead}and {count(len(destinations) - len(shown), 'more mirror')}"


def _row_lines(promotion: Promotion, width: int | None) -> Iterator[str]:
    digest = promotion.digest if width is None else f"{promotion.digest[:_SHORT_DIGEST]}…"
    text = f"{digest}  {_what(promotion)}"
    if width is None:
        yield f"    {text}"
        return
    folded = " " * (4 + len(digest) + 2)
    yield from textwrap.wrap(
        text,
        width=max(width, len(folded) + 20),
        initial_indent="    ",
        subsequent_indent=folded,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _what(promotion: Promotion) -> str:
    tags = ", ".join(promotion.tags) or "no tag"
    if promotion.in_destination:
        return f"{tags} (the image is there, only {'the tag is' if len(promotion.tags) == 1 else 'tags are'} missing)"
    return tags
