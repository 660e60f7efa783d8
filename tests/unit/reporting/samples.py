"""Small plans and reports to tell about, made without planning or copying anything."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import LostSource, Overlap, Pair, PairPlan, Plan, Promotion, Setback
from cip_async.model.promoter_manifest import Gravity, Place, Problem, Totals, WantedDigest, WantedImage
from cip_async.model.report import Ending, Failure, LedgerLine, Report, RequestClass, Traffic
from cip_async.reference import (
    Digest,
    Host,
    ImageName,
    RegistryPath,
    Repository,
    Tag,
    parse_digest,
    parse_registry_path,
    parse_tag,
)

STAGING = parse_registry_path("gcr.io/staging")
ASIA, EU, US = (parse_registry_path(f"{region}.gcr.io/prod") for region in ("asia", "eu", "us"))
PLACE = Place("images/foo/images.yaml", 7, 5)
MALFORMED = Problem(Place("images/bar/images.yaml", 3, 9), "digest 'sha256:12' is malformed", gravity=Gravity.ENTRY)
MISPLACED = Problem(Place("promoter-manifest.yaml", 1, 1), "is not below manifests/", gravity=Gravity.WARNING)


def digest(letter: str) -> Digest:
    """A digest that is easy to tell from others."""
    return parse_digest("sha256:" + letter * 64)


def tags(*names: str) -> tuple[Tag, ...]:
    """Parsed tags."""
    return tuple(parse_tag(name) for name in names)


def want(letter: str, *names: str) -> WantedDigest:
    """A digest that is wanted with these tags."""
    return WantedDigest(digest=digest(letter), tags=tags(*names), place=PLACE, tag_places=(PLACE,) * len(names))


def promotion(letter: str, *names: str, in_destination: bool = False) -> Promotion:
    """A digest to be placed with these tags."""
    return Promotion(digest=digest(letter), tags=tags(*names), in_destination=in_destination, in_source=True)


def setback(letter: str, tag: str | None, outcome: Outcome, reason: str, *, needs_access: bool = False) -> Setback:
    """An edge that planning set aside."""
    return Setback(
        digest=digest(letter),
        tag=parse_tag(tag) if tag else None,
        outcome=outcome,
        reason=reason,
        place=PLACE,
        needs_access=needs_access,
    )


def pair_plans(
    name: str,
    wants: Iterable[WantedDigest],
    *,
    promotions: Iterable[Promotion] = (),
    setbacks: Iterable[Setback] = (),
    already: int = 0,
    to: Iterable[RegistryPath] = (ASIA, EU, US),
) -> list[PairPlan]:
    """The same plan for one image name in each of several mirrors."""
    image = ImageName(name)
    wanted = WantedImage(source=STAGING.repository(image), wants=tuple(wants))
    shared = tuple(promotions)
    return [
        PairPlan(
            pair=Pair(
                image=wanted,
                destination=mirror.repository(image),
                source_entry=STAGING,
                destination_entry=mirror,
            ),
            already_promoted=already,
            promotions=shared,
            setbacks=tuple(setbacks),
        )
        for mirror in to
    ]


def plan(*pairs: PairPlan, **changes: Any) -> Plan:
    """A plan of these pairs."""
    made = Plan(
        pairs=pairs,
        overlaps=(),
        lost_sources=(),
        invalid=(),
        warnings=(),
        totals=Totals(manifests=1, images=2, digests=3, edges=4),
        quarantine=False,
    )
    return attrs.evolve(made, **changes)


def report(made: Plan, *failures: Failure, **changes: Any) -> Report:
    """What a run over this plan did."""
    told = Report(
        plan=made,
        dry_run=False,
        ending=Ending.COMPLETE,
        failures={(f.source, f.destination, f.digest, f.tag): f for f in failures},
        ledger=(),
        traffic=Traffic(),
        capabilities={},
        started_at=1_700_000_000.0,
        seconds=12.34,
    )
    return attrs.evolve(told, **changes)


def failure(
    name: str,
    letter: str,
    tag: str | None,
    reason: str,
    *,
    mirror: RegistryPath = ASIA,
    fate: Fate = Fate.FAILED,
    needs_access: bool = False,
) -> Failure:
    """One edge that was to be promoted and was not."""
    image = ImageName(name)
    return Failure(
        source=STAGING.repository(image),
        destination=mirror.repository(image),
        digest=digest(letter),
        tag=parse_tag(tag) if tag else None,
        fate=fate,
        reason=reason,
        needs_access=needs_access,
    )


def overlap(tag: str, *destinations: Repository) -> Overlap:
    """A tag that two lines claim."""
    return Overlap(
        tag=parse_tag(tag),
        first=digest("1"),
        first_place=PLACE,
        second=digest("2"),
        second_place=Place("images/foo/images.yaml", 9, 5),
        destinations=destinations,
    )


LOST_STAGING = LostSource(entry=STAGING, edges=3, place=PLACE)


def ledger_line(host: str, request_class: RequestClass, status: int, requests: int, retries: int = 0) -> LedgerLine:
    """Some requests that were made."""
    return LedgerLine(
        host=Host(host),
        request_class=request_class.value,
        method="GET",
        status=status,
        requests=requests,
        retries=retries,
        sent_bytes=0,
        received_bytes=100 * requests,
    )


CAPABILITIES: Mapping[Host, Mapping[str, bool]] = {Host("asia.gcr.io"): {"mounts": True, "several tags": False}}
