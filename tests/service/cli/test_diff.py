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
    manifest = hello(tmp_path)
    told = await cip("diff", str(manifest), "eu.example/prod", servers=two)
    assert told.out == f"+ app:v2 {NEW.digest}\n"
    alone = await cip("diff", str(manifest), str(manifest))
    assert alone.code == 2
    assert "expected a registry in which what" in alone.err


def hello(tmp_path: Path) -> Path:
    """Promoter manifests that want an image in eu.example/prod."""
    manifest = tmp_path / "promoter-manifest.yaml"
    manifest.write_text(
        "registries:\n- name: gcr.io/staging\n  src: true\n- name: eu.example/prod\n"
        f'images:\n- name: app\n  dmap:\n    "{OLD.digest}": ["v1"]\n'
    )
    return manifest


async def test_manifests_and_a_file_are_compared_in_a_registry_that_is_named(cip: Cip, tmp_path: Path) -> None:
    manifest, snapshot = hello(tmp_path), tmp_path / "held.csv"
    snapshot.write_text(f"app@{OLD.digest},app:v1\n")
    told = await cip("diff", str(manifest), str(snapshot))
    assert told.code == 2
    assert f"--of is missing: expected a registry in which what {manifest} wants is looked at" in told.err
    named = await cip("diff", str(manifest), str(snapshot), "--of=eu.example/prod")
    assert (named.code, named.out) == (0, "")


async def test_a_file_that_does_not_exist_is_told_and_is_no_registry(cip: Cip, tmp_path: Path) -> None:
    told = await cip("diff", "before.yaml", "eu.example/prod")
    assert (told.code, told.err) == (1, "before.yaml: does not exist\n")
    neither = await cip("diff", "before", "eu.example/prod")
    assert neither.code == 2
    assert "what is compared is 'before': expected a registry, such as us.gcr.io/my-project, or a file" in neither.err


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--of=eu.example/prod", "expected promoter manifests to compare with something"),
        ("--service-account=me@my-project.iam.gserviceaccount.com", "expected a registry to compare with something"),
        (f"--key-files={__file__}", "--key-files are for the account that --service-account names."),
    ],
)
async def test_an_option_that_would_do_nothing_is_refused(cip: Cip, tmp_path: Path, option: str, expected: str) -> None:
    held = tmp_path / "held.csv"
    held.write_text(f"app@{OLD.digest},app:v1\n")
    told = await cip("diff", str(held), str(held), option)
    assert told.code == 2
    assert expected in told.err


async def test_a_registry_that_cannot_be_read_makes_no_output(cip: Cip, two: Servers, nobody: str) -> None:
    two.endpoints["us.example"] = f"http://{nobody}"
    two["eu.example"].faults.add("foreign-link", repository="prod/app")
    two["eu.example"].rules.page_size = 1
    told = await cip("diff", "eu.example/prod", "us.example/prod", servers=two)
    assert told.code == 3
    assert told.out == ""
