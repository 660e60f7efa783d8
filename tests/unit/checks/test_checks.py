"""Each check: what it finds, and what it lets pass."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

import attrs
import pytest

from cip_async.checks.catalog import catalog
from cip_async.checks.check import Check, Subject, run_checks
from cip_async.checks.children import Children
from cip_async.checks.image_size import ImageSize
from cip_async.checks.layout import Layout
from cip_async.checks.names import NAMES
from cip_async.checks.removal import Removals, TagMoves
from cip_async.errors import InvalidSettings, NotFound
from cip_async.model.finding import Finding, Severity
from cip_async.model.image import Descriptor, DocumentKind, ImageDocument
from cip_async.model.promoter_manifest import Gravity, Place, Problem, PromoterManifests
from cip_async.planning.draft import Draft
from cip_async.reference import Digest, Repository
from tests.unit.planning.samples import digest, listing, manifest, manifests

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
Documents = Mapping[Digest, ImageDocument]


def image(letter: str, *sizes: int) -> ImageDocument:
    blobs = tuple(
        Descriptor(media_type="layer", digest=digest(f"{number}"), size_bytes=size) for number, size in enumerate(sizes)
    )
    return ImageDocument(digest=digest(letter), media_type="image", body=b"", kind=DocumentKind.IMAGE, blobs=blobs)


def index(letter: str, *children: ImageDocument) -> ImageDocument:
    described = tuple(Descriptor(media_type="image", digest=child.digest, size_bytes=1) for child in children)
    return ImageDocument(
        digest=digest(letter), media_type="index", body=b"", kind=DocumentKind.INDEX, children=described
    )


def subject(wanted: PromoterManifests, *documents: ImageDocument, base: PromoterManifests | None = None) -> Subject:
    """A plan in which the mirrors hold nothing, and the source all `documents`."""
    draft = Draft.of(wanted)
    held = {document.digest: document for document in documents}
    for pair in draft.pairs:
        source = attrs.evolve(listing(pair.source), digests=held.keys())
        draft.take([draft.planner.pair_plan(pair, listing(pair.destination), source)])

    async def read_tree(repository: Repository, wanted: Digest) -> Documents:
        if wanted not in held:
            raise NotFound(repository.host, wanted, "is not there", status=404)
        return held

    return Subject(plan=draft.plan(), manifests=wanted, base=base, read_tree=read_tree)


async def found(check: Check, of: Subject) -> list[str]:
    return [f"{finding.severity.value}: {finding.message}" for finding in await check.findings(of)]


class TestImageSize:
    async def test_an_image_of_just_the_limit_passes(self) -> None:
        assert (
            await found(ImageSize(2), subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a", MIB, MIB))) == []
        )

    async def test_a_larger_one_is_found_once_for_all_mirrors(self) -> None:
        of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a", MIB, MIB + 1))
        assert await found(ImageSize(2), of) == [
            f"error: gcr.io/staging/app@{digest('a')} has 2.1 MiB, more than the 2 MiB allowed"
        ]

    async def test_the_size_of_an_index_is_the_sum_of_its_children(self) -> None:
        children = image("a", 3 * MIB), image("b", 2 * MIB)
        of = subject(manifests(manifest(("app", {"c": ["v1"]}))), *children, index("c", *children))
        assert await found(ImageSize(5), of) == []
        assert len(await found(ImageSize(4), of)) == 1

    async def test_blobs_that_an_index_names_itself_count_too(self) -> None:
        child = image("a", 3 * MIB)
        cache = attrs.evolve(index("c", child), blobs=image("b", 2 * MIB).blobs)
        of = subject(manifests(manifest(("app", {"c": ["v1"]}))), child, cache)
        assert await found(ImageSize(5), of) == []
        assert len(await found(ImageSize(4), of)) == 1

    async def test_content_of_no_size_is_told_apart(self) -> None:
        of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a", MIB, 0))
        (told,) = await found(ImageSize(2), of)
        assert told.endswith("declares content of 0 bytes, so its size is unknown")


class TestChildren:
    async def test_a_child_of_a_promoted_index_is_found(self) -> None:
        child = image("a", 1)
        of = subject(manifests(manifest(("app", {"a": ["amd64"], "b": ["v1"]}))), child, index("b", child))
        assert await found(Children(), of) == [
            f"warning: gcr.io/staging/app@{digest('a')} is a child of {digest('b')}, which is wanted too"
        ]

    async def test_a_child_of_an_index_that_was_promoted_before_is_found_too(self) -> None:
        child = image("a", 1)
        whole = manifests(manifest(("app", {"a": ["amd64"], "b": ["v1"], "c": ["lost"]})))
        of = subject(manifests(manifest(("app", {"a": ["amd64"]}))), child, index("b", child))
        assert len(await found(Children(), attrs.evolve(of, manifests=whole))) == 1

    async def test_an_index_and_an_image_that_is_none_of_its_children_pass(self) -> None:
        child = image("a", 1)
        wanted = manifests(manifest(("app", {"b": ["v1"], "c": ["v2"]})))
        assert await found(Children(), subject(wanted, child, index("b", child), image("c", 1))) == []


class TestChanges:
    async def test_removals_and_moves_are_found_with_their_places(self) -> None:
        base = manifests(manifest(("app", {"a": ["v1"], "b": ["v2"]}), path="base.yaml"))
        now = manifests(manifest(("app", {"c": ["v2"]}), path="now.yaml"))
        removed = await Removals().findings(subject(now, base=base))
        moved = await TagMoves().findings(subject(now, base=base))
        assert [(each.place.path if each.place else "", each.message.partition(" of ")[0]) for each in removed] == [
            ("base.yaml", f"digest {digest('a')}"),
            ("base.yaml", f"digest {digest('b')}"),
        ]
        assert [each.message for each in moved] == [
            f"tag v2 of eu.gcr.io/prod/app (and 1 more) is wanted with {digest('c')}, and was with {digest('b')}"
        ]

    @pytest.mark.parametrize("check", [Removals(), TagMoves()])
    async def test_they_pass_when_nothing_but_more_is_wanted(self, check: Check) -> None:
        base, now = (manifests(manifest(("app", dmap))) for dmap in ({"a": ["v1"]}, {"a": ["v1", "v2"], "b": []}))
        assert await found(check, subject(now, base=base)) == []

    @pytest.mark.parametrize("check", [Removals(), TagMoves()])
    async def test_they_need_something_to_compare_with(self, check: Check) -> None:
        with pytest.raises(InvalidSettings, match="a git revision to compare with, for the check"):
            await check.findings(subject(manifests(manifest(("app", {})))))


class TestLayout:
    @pytest.mark.parametrize(
        ("mirrors", "odd"),
        [
            (["eu.gcr.io/prod", "us.gcr.io/prod", "asia.gcr.io/prd"], "asia.gcr.io/prd"),
            (["eu.gcr.io/prod", "us.gcr.io/prod", "asia.gcr.io/prod"], None),
            (["eu.gcr.io/prod", "us.gcr.io/prd"], None),
            (["eu.gcr.io/a", "us.gcr.io/a", "eu.gcr.io/b", "us.gcr.io/b"], None),
        ],
    )
    async def test_the_one_mirror_with_another_path_is_found(self, mirrors: Sequence[str], odd: str | None) -> None:
        told = await found(Layout(), subject(manifests(manifest(("app", {}), to=mirrors))))
        expected = f"error: mirror {odd} has the path 'prd', and the other 2 have 'prod'"
        assert told == ([expected] if odd else [])

    async def test_misplaced_files_are_told_again(self) -> None:
        odd = Problem(Place("images/x.yaml", 1, 1), "is misplaced", gravity=Gravity.WARNING)
        wanted = attrs.evolve(manifests(manifest(("app", {}))), problems=(odd,))
        assert await found(Layout(), subject(wanted)) == ["warning: is misplaced"]


async def test_findings_come_in_the_order_of_places() -> None:
    @attrs.frozen
    class Fixed:
        name: str
        place: Place | None

        async def findings(self, subject: Subject) -> Sequence[Finding]:
            return [Finding(check=self.name, severity=Severity.ERROR, place=self.place, message="is wrong")]

    checks = [Fixed("a", None), Fixed("b", Place("x", 2, 1)), Fixed("c", Place("x", 1, 1))]
    told = await run_checks(checks, subject(manifests(manifest(("app", {})))))
    assert [finding.check for finding in told] == ["c", "b", "a"]


async def test_what_cannot_be_read_is_no_pass() -> None:
    of = attrs.evolve(subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a", 1)), read_tree=_unreadable)
    with pytest.raises(NotFound):
        await run_checks([ImageSize()], of)


async def _unreadable(repository: Repository, wanted: Digest) -> Documents:
    raise NotFound(repository.host, wanted, "is not there", status=404)


def test_every_check_can_be_named() -> None:
    async def scan_of(repository: Repository, wanted: Digest) -> NoReturn:
        raise NotFound(repository.host, wanted, "is not there", status=404)

    assert tuple(catalog(scan_of)) == NAMES
