"""The fewest requests of a promotion, counted by hand: what reports and registries are held against.

`least` knows nothing of the program. It goes through what is wanted, repository by repository and blob by blob, and
notes each request that nobody can do without.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import attrs

from cip_async.fake_registry import images
from cip_async.fake_registry.images import Image
from cip_async.fake_registry.rules import Rules
from cip_async.model.cost import Cause, FloorLine
from cip_async.model.report import Report
from cip_async.reporting.costs import Spending, causes, requests

Costs = dict[str, dict[str, int]]
"""Requests by host and class."""
Held = Mapping[str, tuple[str, ...]]
"""Digests that a mirror holds, and their tags there."""

MOST: Final = 1.02
"""How many times the floor a promotion may cost where nothing fails."""
PLATFORMS: Final = ("amd64", "arm", "arm64", "ppc64le", "s390x")
BASE: Final = images.layer("base", 5000)


@attrs.frozen(kw_only=True)
class Kind:
    """A kind of hosts: how they behave, what the source is called, and three mirrors there and elsewhere."""

    rules: Callable[[], Rules]
    source: str
    is_google: bool = False
    takes_several_tags: bool = False
    mounts: bool = True

    @property
    def at_home(self) -> tuple[str, ...]:
        """Mirrors on the host of the source."""
        return tuple(f"{self.source}/{region}" for region in ("asia", "eu", "us"))

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Mirrors on hosts of their own."""
        return tuple(f"{region}.{self.source}" for region in ("asia", "eu", "us"))


@attrs.frozen
class Wish:
    """An image that is wanted under a name, with some tags or none."""

    name: str
    image: Image
    tags: tuple[str, ...] = ()


def release(
    number_of_images: int = 6, *, tags: Sequence[str] = ("v2", "latest"), images_a_name: int = 2, layers: int = 2
) -> list[Wish]:
    """Images of five platforms that share a layer, as a project releases them."""
    return [
        Wish(
            f"app{number // images_a_name}",
            images.multi_arch(seed=f"{number}", platforms=PLATFORMS, layers=layers, shared_layers=[BASE]),
            tuple(f"{tag}-{number}" for tag in tags),
        )
        for number in range(number_of_images)
    ]


@attrs.frozen(kw_only=True)
class Scenario:
    """What is wanted, of which kind of host, in which mirrors, and what those hold already."""

    kind: Kind
    mirrors: Sequence[str]
    wishes: Sequence[Wish]
    held: Mapping[str, Held] = attrs.field(factory=dict)


def least(scenario: Scenario) -> Costs:
    """The fewest requests, noted one by one: what is noted twice counts once."""
    notes = Notes(scenario.kind)
    for mirror in scenario.mirrors:
        held = scenario.held.get(mirror, {})
        for wish in scenario.wishes:
            of_repository = [tag for each in scenario.wishes if each.name == wish.name for tag in each.tags]
            notes.list(wish, mirror, held, is_listed=lists(scenario.kind, of_repository))
            notes.promote(wish, mirror, held.get(wish.image.digest))
    notes.list_source()
    return nested(Counter((host, request_class) for host, request_class, _ in notes.noted))


def lists(kind: Kind, tags: Sequence[str]) -> bool:
    """Whether a repository is listed: a single tag of a plain one is asked for instead, and a digest always."""
    return kind.is_google or len(tags) > 1


@attrs.define
class Notes:
    """Requests that nobody can do without."""

    kind: Kind
    noted: set[tuple[str, str, tuple[str, ...]]] = attrs.field(factory=set)
    on_host: dict[tuple[str, str], str] = attrs.field(factory=dict)
    """Which repository of a host gets a blob first."""
    lacking: dict[str, set[str]] = attrs.field(factory=dict)
    """The digests of each name that a mirror lacks."""

    def note(self, host: str, request_class: str, *what: str) -> None:
        """Note a request to a host."""
        self.noted.add((host, request_class, what))

    def list(self, wish: Wish, mirror: str, held: Held, *, is_listed: bool) -> None:
        """Find out whether the mirror has what is wished for."""
        host, repository = mirror.partition("/")[0], f"{mirror}/{wish.name}"
        if is_listed:
            self.note(host, "tags", repository)
        if not self.kind.is_google:
            there = [tag for tag in wish.tags if not is_listed or tag in held.get(wish.image.digest, ())]
            for asked in there if wish.tags else [wish.image.digest]:
                self.note(host, "manifest-head", repository, asked)

    def promote(self, wish: Wish, mirror: str, there: tuple[str, ...] | None) -> None:
        """Give the mirror what it lacks of the wish; `there` are the tags that the image has, if the mirror has it."""
        host, repository, source = mirror.partition("/")[0], f"{mirror}/{wish.name}", self.kind.source
        missing = [tag for tag in wish.tags if tag not in (there or ())]
        if there is not None and not missing:
            return
        self.lacking.setdefault(wish.name, set()).add(wish.image.digest)
        for tag in missing[:: 10 if self.kind.takes_several_tags else 1]:
            self.note(host, "tag-put", repository, wish.image.digest, tag)
        for each in [wish.image] if there is not None else wish.image.family():
            self.note(source, "manifest-get", wish.name, each.digest)
            if each is not wish.image or not wish.tags:
                self.note(host, "manifest-put", repository, each.digest)
        for blob in wish.image.all_blobs if there is None else ():
            self.place(blob, host, repository)

    def list_source(self) -> None:
        """Find out what the source has of it: a single manifest is read for that, as it is for the copy."""
        for name, digests in self.lacking.items():
            if self.kind.is_google and len(digests) > 1:
                self.note(self.kind.source, "tags", name)

    def place(self, blob: str, host: str, repository: str) -> None:
        """Get a blob into a repository."""
        is_first = self.on_host.setdefault((host, blob), repository) == repository
        may_mount = host == self.kind.source or not is_first
        self.note(host, "mount" if may_mount else "upload-start", repository, blob)
        if not (may_mount and self.kind.mounts):
            self.note(host, "upload", repository, blob)
            self.note(self.kind.source, "blob-get", blob)


def nested(numbers: Mapping[tuple[str, str], int]) -> Costs:
    """Numbers by host and class, with a mapping for each host.

    A mount may open the upload that is needed, so whether that was asked for as such makes no difference.
    """
    costs: Costs = {}
    for (host, request_class), number in numbers.items():
        of_host = costs.setdefault(host, {})
        same = "mount" if request_class == "upload-start" else request_class
        of_host[same] = of_host.get(same, 0) + number
    return costs


def told(lines: Iterable[FloorLine]) -> Costs:
    """The floor that a report tells, in the registries' words."""
    return nested(
        {
            (line.host, "tags" if line.request_class == "listing" else line.request_class): line.requests
            for line in lines
        }
    )


def all_of(costs: Costs) -> int:
    """The requests of all classes to all hosts."""
    return sum(sum(of_host.values()) for of_host in costs.values())


@attrs.frozen
class Ran:
    """What a promotion reported, what the registries counted, and the fewest requests that it could have sent."""

    report: Report
    spent: Costs
    floor: Costs

    def assert_at_the_floor(self, beyond: Mapping[Cause, int] | None = None) -> None:
        """Nothing, or as good as nothing, went beyond the floor, as the registries count; and the report says so."""
        self.assert_beyond(beyond or {})
        assert self.spent == self.floor or beyond
        assert all_of(self.spent) <= MOST * all_of(self.floor)

    def assert_beyond(self, beyond: Mapping[Cause, int]) -> None:
        """The report tells the floor, and that just this went beyond it; the registries count the same."""
        assert told(self.report.cost.floor) == self.floor
        assert requests(self.report) == Spending(spent=all_of(self.spent), floor=all_of(self.floor))
        assert causes(self.report) == beyond
        assert all_of(self.spent) == all_of(self.floor) + sum(beyond.values())
