"""`cip diff` from the outside."""

import json
from pathlib import Path

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.server import Servers
from tests.service.cli.conftest import Cip
from tests.service.conftest import ServeHosts

pytestmark = pytest.mark.anyio

OLD, NEW = images.single(seed="old"), images.single(seed="new")


@pytest.fixture
async def two(serve_hosts: ServeHosts) -> Servers:
    """Registries that agree on one image, and of which only the first has another."""
    servers = await serve_hosts("eu.example", "us.example")
    for host in ("eu.example", "us.example"):
        images.push(servers[host].store, "prod/app", OLD, ["v1"])
    images.push(servers["eu.example"].store, "prod/app", NEW, ["v2"])
    return servers


async def test_registries_that_differ_are_told_and_the_exit_code_is_1(cip: Cip, two: Servers) -> None:
    told = await cip("diff", "eu.example/prod", "us.example/prod", servers=two)
    assert told.code == 1
    assert told.out == f"- app:v2 {NEW.digest}\n"


async def test_registries_that_hold_the_same_make_no_output(cip: Cip, two: Servers) -> None:
    images.push(two["us.example"].store, "prod/app", NEW, ["v2"])
    told = await cip("diff", "eu.example/prod", "us.example/prod", servers=two)
    assert (told.code, told.out) == (0, "")
    assert told.err.count("lists tags alone: images without a tag are not compared") == 2


async def test_a_snapshot_can_be_held_against_its_registry_later(cip: Cip, two: Servers, tmp_path: Path) -> None:
    snapshot = tmp_path / "before.csv"
    snapshot.write_text((await cip("snapshot", "us.example/prod", "--output=csv", servers=two)).out)
    images.push(two["us.example"].store, "prod/app", NEW, ["v1"])
    told = await cip("diff", str(snapshot), "us.example/prod", "--output=json", servers=two)
    assert told.code == 1
    assert json.loads(told.out) == {
        "side": "both",
        "name": "app",
        "tag": "v1",
        "digest": OLD.digest,
        "other": NEW.digest,
    }


async def test_manifests_are_looked_at_in_the_other_sides_registry(cip: Cip, two: Servers, tmp_path: Path) -> None:
    manifest = tmp_path / "promoter-manifest.yaml"
    manifest.write_text(
        "registries:\n- name: gcr.io/staging\n  src: true\n- name: eu.example/prod\n"
        f'images:\n- name: app\n  dmap:\n    "{OLD.digest}": ["v1"]\n'
    )
    told = await cip("diff", str(manifest), "eu.example/prod", servers=two)
    assert told.out == f"+ app:v2 {NEW.digest}\n"
    alone = await cip("diff", str(manifest), str(manifest))
    assert alone.code == 2
    assert "expected a registry in which what" in alone.err


async def test_a_registry_that_cannot_be_read_makes_no_output(cip: Cip, two: Servers, nobody: str) -> None:
    two.endpoints["us.example"] = f"http://{nobody}"
    two["eu.example"].faults.add("foreign-link", repository="prod/app")
    two["eu.example"].rules.page_size = 1
    told = await cip("diff", "eu.example/prod", "us.example/prod", servers=two)
    assert told.code == 3
    assert told.out == ""
