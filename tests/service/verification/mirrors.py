"""A mirror that holds all that is wanted, and what happens to it behind everybody's back."""

from collections.abc import Callable, Iterable

import attrs

from cip_async.fake_registry import images
from cip_async.fake_registry.content import Held, digest_of
from cip_async.fake_registry.documents import DOCKER_MANIFEST
from cip_async.fake_registry.images import Image, push
from cip_async.fake_registry.store import Store
from cip_async.model.damage import Damage, Flaw
from cip_async.model.verification import Drift, Verification
from cip_async.reference import Digest, Tag
from cip_async.reporting.drift import drift
from tests.service.staging import Staging

SHARED = images.layer("a layer that two images share")
SINGLE = images.single(seed="single")
MULTI = images.multi_arch(seed="multi")
NESTED = images.index(images.index(images.single(seed="inner"), images.single(seed="inner too")), SINGLE)
TWINS = tuple(images.single(seed=f"twin {number}", layers=[SHARED]) for number in range(2))
SPARE = images.single(seed="spare")
GONE = images.single(seed="gone")
LAYERED = images.single(seed="layered")
TAGLESS = images.single(seed="tagless")
STRANGER = images.single(seed="somebody else's")


def fill(staging: Staging) -> None:
    """Put the same images into staging and into both mirrors, as a promotion would have."""
    wanted: list[tuple[Image, tuple[str, ...]]] = [
        (SINGLE, ("v1", "stable")),
        (MULTI, ("v2",)),
        (NESTED, ("v3",)),
        (TWINS[0], ("twin-0",)),
        (TWINS[1], ("twin-1",)),
        (SPARE, ("v4",)),
        (GONE, ("v5",)),
        (LAYERED, ("v6",)),
        (TAGLESS, ()),
    ]
    for image, tags in wanted:
        staging.push("app", image, *tags)
        for mirror in staging.mirrors:
            staging.hold(mirror, "app", image, *tags)


def blobs(image: Image) -> list[Digest]:
    """The config of an image, and its layers."""
    return list(image.blobs)


@attrs.frozen
class Harm:
    """Something that happens to `prod/app` in one mirror, and what a verification has to say of it.

    `finding` is what is wrong, with the digest it is about: of an edge (with its tag), or of content (with the ways to
    it). `healed`: a repair from the source can undo it, as far as a registry lets it.
    """

    name: str
    do: Callable[[Store], object]
    finding: tuple[object, ...]
    healed: bool = True


def _edge(flaw: Flaw, image: Image, tag: str | None) -> tuple[object, ...]:
    return flaw, image.digest, tag


def _content(flaw: Flaw, digest: Digest, *paths: Iterable[Image]) -> tuple[object, ...]:
    ways = tuple(sorted((*(image.digest for image in path), digest) for path in paths))
    return flaw, digest, ways


def _serve_wrong_bytes(store: Store) -> None:
    store.spoil_document("prod/app", TAGLESS.digest, body=TAGLESS.body + b" ")


ARM = MULTI.children[1]
INNER, OTHER_INNER = NESTED.children[0].children

HARMS = (
    Harm(
        "tag gone", lambda store: store.drop_tag("prod/app", Tag("stable")), _edge(Flaw.TAG_MISSING, SINGLE, "stable")
    ),
    Harm(
        "tag moved",
        lambda store: push(store, "prod/app", STRANGER, [Tag("v4")]),
        _edge(Flaw.TAG_MOVED, SPARE, "v4"),
        healed=False,
    ),
    Harm(
        "digest gone with its tag",
        lambda store: store.drop_document("prod/app", GONE.digest, with_tags=True),
        _edge(Flaw.IMAGE_MISSING, GONE, "v5"),
    ),
    Harm(
        "child of an index gone",
        lambda store: store.drop_document("prod/app", ARM.digest),
        _content(Flaw.CONTENT_MISSING, ARM.digest, [MULTI]),
    ),
    Harm(
        "child of a nested index gone",
        lambda store: store.drop_document("prod/app", INNER.digest),
        _content(Flaw.CONTENT_MISSING, INNER.digest, [NESTED, NESTED.children[0]]),
    ),
    Harm(
        "config gone",
        lambda store: store.drop_blob("prod/app", blobs(ARM)[0]),
        _content(Flaw.CONTENT_MISSING, blobs(ARM)[0], [MULTI, ARM]),
    ),
    Harm(
        "layer gone",
        lambda store: store.drop_blob("prod/app", blobs(LAYERED)[1]),
        _content(Flaw.CONTENT_MISSING, blobs(LAYERED)[1], [LAYERED]),
    ),
    Harm(
        "shared layer gone",
        lambda store: store.drop_blob("prod/app", digest_of(SHARED)),
        _content(Flaw.CONTENT_MISSING, digest_of(SHARED), [TWINS[0]], [TWINS[1]]),
    ),
    Harm(
        "wrong bytes of a manifest",
        _serve_wrong_bytes,
        _content(Flaw.CONTENT_WRONG, TAGLESS.digest, []),
        healed=False,
    ),
    Harm(
        "wrong size of a blob",
        lambda store: store.spoil_blob("prod/app", blobs(TAGLESS)[2], Held(b"cut")),
        _content(Flaw.CONTENT_WRONG, blobs(TAGLESS)[2], [TAGLESS]),
    ),
    Harm(
        "wrong media type of a manifest",
        lambda store: store.spoil_document("prod/app", OTHER_INNER.digest, media_type=DOCKER_MANIFEST),
        _content(Flaw.CONTENT_WRONG, OTHER_INNER.digest, [NESTED, NESTED.children[0]]),
        healed=False,
    ),
)


def findings(verification: Verification) -> set[tuple[object, ...]]:
    """All that was found, as `Harm.finding` says it, with the repository before it."""
    return {
        *((str(each.destination), *_of_edge(each)) for each in drift(verification.plan)),
        *((str(each.repository), *of_damage(each)) for each in verification.damages),
    }


def of_damage(damage: Damage) -> tuple[object, ...]:
    """A damage, as `Harm.finding` says it."""
    return damage.flaw, damage.piece.digest, damage.paths


def _of_edge(each: Drift) -> tuple[object, ...]:
    return each.flaw, each.digest, each.tag
