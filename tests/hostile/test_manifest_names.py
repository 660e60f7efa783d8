"""The same names and digests in promoter manifests: each is a problem with its place, and nothing is promoted."""

import json
from pathlib import Path

import pytest

from cip_async.errors import InvalidManifests
from cip_async.manifests.tree import load_manifests
from tests.hostile.test_names import DIGESTS, NAMES
from tests.service.registry.conftest import D

PLACES = ("name", "digest", "tag", "registry")


def written(folder: Path, place: str, text: str) -> Path:
    """A promoter manifest that is in order but for one place; `text` is escaped as YAML wants it."""
    said = {"name": "app", "digest": D, "tag": "v1", "registry": "eu.gcr.io/prod"} | {place: text}
    said = {key: json.dumps(value) for key, value in said.items()}
    path = folder / "promoter-manifest.yaml"
    path.write_text(
        f"registries:\n- name: gcr.io/staging\n  src: true\n- name: {said['registry']}\n"
        f"images:\n- name: {said['name']}\n  dmap:\n    {said['digest']}: [{said['tag']}]\n"
    )
    return path


def test_a_manifest_that_is_in_order_is_read(tmp_path: Path) -> None:
    load_manifests(manifest=written(tmp_path, "name", "app"))


@pytest.mark.parametrize("text", [*NAMES, *DIGESTS[1:]])
@pytest.mark.parametrize("place", PLACES)
def test_a_name_of_a_promoter_manifest(tmp_path: Path, place: str, text: str) -> None:
    path = written(tmp_path, place, text if place != "registry" else f"eu.gcr.io/{text}")
    with pytest.raises(InvalidManifests) as refused:
        load_manifests(manifest=path)
    assert str(refused.value).startswith(f"{path}:")
