"""A source is never written, not even where it is named as a destination by mistake."""

from collections.abc import Iterable

from cip_async.manifests.collisions import collisions
from cip_async.manifests.validate import plain_manifest
from cip_async.model.promoter_manifest import PromoterManifest
from tests.unit.manifests.samples import A, told, tree


def manifest(path: str, source: str, destinations: Iterable[str], images: Iterable[str]) -> PromoterManifest:
    registries = "".join(f"- name: {name}\n" for name in destinations)
    wanted = "".join(f"\n- {{name: {name}, dmap: {{'{A}': [v1]}}}}" for name in images)
    text = f"registries:\n- {{name: gcr.io/{source}, src: true}}\n{registries}images:{wanted or ' []'}"
    found, problems = plain_manifest(tree(text), path)
    assert problems == ()
    assert found is not None
    return found


def test_sources_and_destinations_apart_do_not_collide() -> None:
    manifests = [manifest(name, name, ["us.gcr.io/prod", "gcr.io/prod"], ["foo", "bar"]) for name in ("a", "b")]
    assert told(collisions(manifests)) == []


def test_a_destination_that_is_the_source_collides_whatever_the_images() -> None:
    collided = collisions([manifest("a", "staging", ["us.gcr.io/prod", "gcr.io/staging"], [])])
    assert told(collided) == [
        (
            "FILE a:4:9: registry gcr.io/staging cannot be promoted to: it is the source too (line 2),"
            " and a source is never written"
        )
    ]


def test_a_destination_that_is_the_source_of_another_manifest_collides() -> None:
    manifests = [manifest("a", "staging", ["gcr.io/prod"], ["foo"]), manifest("b", "prod", ["us.gcr.io/x"], ["foo"])]
    assert told(collisions(manifests)) == [
        (
            "FILE a:3:9: registry gcr.io/prod cannot be promoted to: it holds gcr.io/prod/foo, which is promoted from"
            " at b:2:10, and a source is never written"
        )
    ]


def test_repositories_meet_whatever_their_prefixes() -> None:
    manifests = [
        manifest("a", "staging", ["gcr.io/prod"], ["deep/foo"]),
        manifest("b", "prod/deep", ["us.gcr.io/x"], ["foo"]),
    ]
    assert [str(problem.place) for problem in collisions(manifests)] == ["a:3:9"]


def test_one_destination_collides_once_however_many_its_images() -> None:
    manifests = [
        manifest("a", "staging", ["gcr.io/prod", "us.gcr.io/prod"], ["foo", "bar"]),
        manifest("b", "prod", ["eu.gcr.io/x"], ["foo", "bar"]),
    ]
    assert len(list(collisions(manifests))) == 1


def test_registry_entries_of_other_images_may_share_a_path() -> None:
    manifests = [manifest("a", "staging", ["gcr.io/prod"], ["foo"]), manifest("b", "prod", ["us.gcr.io/x"], ["bar"])]
    assert told(collisions(manifests)) == []
