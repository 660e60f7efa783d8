"""The index of wanted images answers by destination, and shares what mirrors have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cip_async.audit.wanted import NOTHING_WANTED, Wanted, packed, unpacked, wanted
from cip_async.manifests.tree import load_manifests
from cip_async.planning.pairs import wanted_pairs
from cip_async.reference import Digest, parse_repository

ONE, TWO = Digest("sha256:" + "11" * 32), Digest("sha256:" + "22" * 32)
Dmap = Mapping[str, Sequence[str]]


def index(folder: Path, *sources: tuple[str, Dmap]) -> Wanted:
    """The image `app` from each source, wanted in two mirrors."""
    for number, (source, dmap) in enumerate(sources):
        manifest, images = folder / f"manifests/{number}", folder / f"images/{number}"
        for each in (manifest, images):
            each.mkdir(parents=True)
        (manifest / "promoter-manifest.yaml").write_text(
            f"registries:\n- name: {source}\n  src: true\n- name: eu.gcr.io/prod\n- name: us.gcr.io/prod\n"
        )
        lines = "".join(f'    "{digest}": [{", ".join(map(repr, tags))}]\n' for digest, tags in dmap.items())
        (images / "images.yaml").write_text(f"- name: app\n  dmap:\n{lines}")
    return wanted(wanted_pairs(load_manifests(thin_manifest_dir=folder)))


def test_what_is_wanted_is_found_in_every_mirror(tmp_path: Path) -> None:
    built = index(tmp_path, ("gcr.io/staging", {ONE: ["v1", "latest"], TWO: []}))
    for mirror in ("eu.gcr.io/prod/app", "us.gcr.io/prod/app"):
        (content,) = built.of(parse_repository(mirror))
        assert str(content.source) == "gcr.io/staging/app"
        assert content.tags(ONE) == ("latest", "v1")
        assert content.tags(TWO) == ()
        assert list(content.packed()) == [packed(ONE), packed(TWO)]


def test_what_is_not_wanted_is_not_found(tmp_path: Path) -> None:
    built = index(tmp_path, ("gcr.io/staging", {ONE: ["v1"]}))
    (content,) = built.of(parse_repository("us.gcr.io/prod/app"))
    assert content.tags(TWO) is None
    assert built.of(parse_repository("us.gcr.io/prod/other")) == ()
    assert built.of(parse_repository("gcr.io/staging/app")) == ()
    assert NOTHING_WANTED.of(parse_repository("us.gcr.io/prod/app")) == ()


def test_mirrors_share_what_is_wanted_in_all_of_them(tmp_path: Path) -> None:
    built = index(tmp_path, ("gcr.io/staging", {ONE: ["v1"]}))
    assert built.of(parse_repository("eu.gcr.io/prod/app"))[0] is built.of(parse_repository("us.gcr.io/prod/app"))[0]
    assert (built.destinations, built.digests) == (2, 1)


def test_a_destination_with_two_sources_has_what_both_give(tmp_path: Path) -> None:
    built = index(tmp_path, ("gcr.io/staging-a", {ONE: ["v1"]}), ("gcr.io/staging-b", {TWO: ["v2"]}))
    first, second = built.of(parse_repository("us.gcr.io/prod/app"))
    assert (str(first.source), first.tags(ONE)) == ("gcr.io/staging-a/app", ("v1",))
    assert (str(second.source), second.tags(TWO)) == ("gcr.io/staging-b/app", ("v2",))


def test_a_digest_is_found_by_its_tag(tmp_path: Path) -> None:
    (content,) = index(tmp_path, ("gcr.io/staging", {ONE: ["v1"], TWO: ["v2"]})).of(
        parse_repository("us.gcr.io/prod/app")
    )
    assert list(content.tagged(content.tags(TWO)[0])) == [TWO]  # type: ignore[index]  # it was found above


def test_digests_of_both_algorithms_survive_packing() -> None:
    for digest in (ONE, Digest("sha512:" + "ab" * 64)):
        assert unpacked(packed(digest)) == digest


def test_a_fingerprint_tells_of_every_change(tmp_path: Path) -> None:
    variants: list[tuple[str, Dmap]] = [
        ("gcr.io/staging", {ONE: ["v1"]}),
        ("gcr.io/other", {ONE: ["v1"]}),
        ("gcr.io/staging", {TWO: ["v1"]}),
        ("gcr.io/staging", {ONE: ["v2"]}),
        ("gcr.io/staging", {ONE: []}),
        ("gcr.io/staging", {ONE: ["v1"], TWO: []}),
    ]
    made = [index(tmp_path / str(number), variant).fingerprint for number, variant in enumerate(variants)]
    assert len(set(made)) == len(variants)
    assert index(tmp_path / "again", variants[0]).fingerprint == made[0]
