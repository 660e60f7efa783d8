"""`cip snapshot` from the outside."""

import json
from pathlib import Path

import anyio
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.server import Servers
from tests.service.cli.conftest import CIP, Cip, endpoints
from tests.service.conftest import ServeHosts
from tests.unit.manifests.samples import thin, write

pytestmark = pytest.mark.anyio

APP, TOOL = images.single(seed="app"), images.single(seed="tool")


@pytest.fixture
async def plain(serve_hosts: ServeHosts) -> Servers:
    """A registry of the plain kind with two repositories, one of which holds an image that has no tag."""
    servers = await serve_hosts("registry.example")
    store = servers["registry.example"].store
    images.push(store, "prod/tools/tool", TOOL, ["1.10", "latest"])
    images.push(store, "prod/app", APP, ["v1"])
    images.push(store, "elsewhere", APP, ["v1"])
    return servers


async def test_it_lists_what_is_below_a_path_as_images_yaml(cip: Cip, plain: Servers) -> None:
    told = await cip("snapshot", "registry.example/prod", servers=plain)
    assert told.code == 0, told.err
    assert told.out == (
        f'- name: app\n  dmap:\n    "{APP.digest}": ["v1"]\n'
        f'- name: tools/tool\n  dmap:\n    "{TOOL.digest}": ["1.10", "latest"]\n'
    )
    assert told.err.endswith("registry.example/prod holds 2 repositories, 2 images, 3 tags\n")


async def test_it_lists_tags_as_csv_and_google_tells_of_untagged_images(cip: Cip, plain: Servers) -> None:
    host = plain["registry.example"]
    host.rules.listing = "google"
    untagged = images.single(seed="untagged")
    images.push(host.store, "prod/app", untagged)
    told = await cip(
        "snapshot", "registry.example/prod", "--output=csv", "--listing=registry.example=google", servers=plain
    )
    assert told.code == 0, told.err
    of_app = sorted([f"app@{APP.digest},app:v1", f"app@{untagged.digest},-"])
    assert told.out.splitlines() == [
        *of_app,
        f"tools/tool@{TOOL.digest},tools/tool:1.10",
        f"tools/tool@{TOOL.digest},tools/tool:latest",
    ]


async def test_what_cannot_be_listed_to_its_end_is_not_printed_at_all(cip: Cip, plain: Servers) -> None:
    host = plain["registry.example"]
    host.rules.page_size = 1
    host.faults.add("foreign-link", repository="prod/tools/tool")
    told = await cip("snapshot", "registry.example/prod", servers=plain)
    assert told.code == 3
    assert told.out == ""
    assert "prod/tools/tool" in told.err
    assert "Traceback" not in told.err


async def test_an_empty_path_is_no_silent_success(cip: Cip, plain: Servers) -> None:
    told = await cip("snapshot", "registry.example/nothing/here", servers=plain)
    assert (told.code, told.out) == (0, "[]\n")
    assert told.err.endswith("registry.example/nothing/here holds no images\n")


async def test_a_malformed_registry_is_a_usage_error(cip: Cip) -> None:
    told = await cip("snapshot", "prod")
    assert told.code == 2
    assert "'prod' is malformed: expected a host and a path: us.gcr.io/k8s-artifacts-prod" in " ".join(told.err.split())


async def test_a_host_that_does_not_tell_what_it_holds_is_a_usage_error(cip: Cip) -> None:
    told = await cip("snapshot", "gcr.io")
    assert told.code == 2
    assert told.err == "registry 'gcr.io' is malformed: expected a path below this host, such as gcr.io/my-project\n"


async def test_a_reader_that_has_seen_enough_ends_it_quietly(plain: Servers, environment: dict[str, str]) -> None:
    for number in range(400):
        images.push(plain["registry.example"].store, f"prod/many/{number:03}", APP, [f"v{tag}" for tag in range(20)])
    command = " ".join([*CIP, "snapshot", "registry.example/prod", "--output=csv", *endpoints(plain)])
    script = f"set -o pipefail; {command} | head -n 1"
    ended = await anyio.run_process(["bash", "-c", script], check=False, env=environment)
    assert ended.returncode == 0
    assert ended.stdout.decode() == f"app@{APP.digest},app:v1\n"
    assert ended.stderr.decode().endswith("registry.example/prod holds 402 repositories, 402 images, 8,003 tags\n")


async def test_it_can_be_json(cip: Cip, plain: Servers) -> None:
    told = await cip("snapshot", "registry.example/prod", "--output=json", servers=plain)
    assert json.loads(told.out) == [
        {"name": "app", "dmap": {APP.digest: ["v1"]}},
        {"name": "tools/tool", "dmap": {TOOL.digest: ["1.10", "latest"]}},
    ]


async def test_it_can_be_limited_to_a_tag(cip: Cip, plain: Servers) -> None:
    told = await cip("snapshot", "registry.example/prod", "--output=csv", "--tag=1.10", servers=plain)
    assert told.out == f"tools/tool@{TOOL.digest},tools/tool:1.10\n"


async def test_a_minimal_one_leaves_out_untagged_children_of_indexes_alone(cip: Cip, serve_hosts: ServeHosts) -> None:
    servers = await serve_hosts("gcr.io", rules=Rules.google)
    store = servers["gcr.io"].store
    multi, loose = images.multi_arch(seed="multi"), images.single(seed="loose")
    tagged_child = multi.children[0]
    images.push(store, "prod/app", multi, ["v1"])
    images.push(store, "prod/app", tagged_child, ["v1-amd64"])
    images.push(store, "prod/app", loose)
    told = await cip("snapshot", "gcr.io/prod", "--output=csv", "--minimal", servers=servers)
    assert told.code == 0, told.err
    assert told.out.splitlines() == sorted(
        [f"app@{multi.digest},app:v1", f"app@{tagged_child.digest},app:v1-amd64", f"app@{loose.digest},-"]
    )


async def test_it_can_count(cip: Cip, plain: Servers) -> None:
    told = await cip("snapshot", "registry.example/prod", "--count", servers=plain)
    assert told.out == "2 names, 2 digests, 3 tags, 3 rows\n"
    as_json = await cip("snapshot", "registry.example/prod", "--count", "--output=json", servers=plain)
    assert json.loads(as_json.out) == {"names": 2, "digests": 2, "tags": 3, "rows": 3}


async def test_names_below_an_image_are_told_to_be_those_below_its_parent(cip: Cip, plain: Servers) -> None:
    images.push(plain["registry.example"].store, "prod/tools", APP, ["v1"])
    for tag, listed in (
        ("v1", f"tools@{APP.digest},tools:v1\n"),
        ("1.10", f"tools/tool@{TOOL.digest},tools/tool:1.10\n"),
    ):
        told = await cip("snapshot", "registry.example/prod/tools", "--output=csv", f"--tag={tag}", servers=plain)
        assert told.out == listed
        assert (
            "registry.example/prod/tools is an image itself: names are those below registry.example/prod\n" in told.err
        )


async def test_a_tag_that_nothing_has_is_told(cip: Cip, plain: Servers) -> None:
    told = await cip("snapshot", "registry.example/prod", "--tag=v9", servers=plain)
    assert told.err.endswith("registry.example/prod holds no images with the tag v9\n")


async def test_what_is_odd_in_manifests_is_told(cip: Cip, tmp_path: Path) -> None:
    folder = write(tmp_path / "prod", {**thin("app"), "images/lost/promoter-manifest.yaml": "registries: []\n"})
    told = await cip("snapshot", "--from-manifests", "--of=us.gcr.io/nothing", f"--thin-manifest-dir={folder}")
    assert told.code == 0
    assert "images/lost/promoter-manifest.yaml:1:1: warning: is misplaced and not read" in told.err


async def test_what_manifests_want_in_a_registry_needs_no_registry(cip: Cip, tmp_path: Path) -> None:
    manifest = tmp_path / "promoter-manifest.yaml"
    manifest.write_text(
        "registries:\n- name: gcr.io/staging\n  src: true\n- name: us.gcr.io/prod\n"
        f'images:\n- name: app\n  dmap:\n    "{APP.digest}": ["v1"]\n'
    )
    told = await cip("snapshot", "--from-manifests", "--of=us.gcr.io/prod", f"--manifest={manifest}", "--output=csv")
    assert told.code == 0, told.err
    assert told.out == f"app@{APP.digest},app:v1\n"
    assert told.err.endswith("us.gcr.io/prod is to hold 1 repository, 1 image, 1 tag\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Name a registry, such as us.gcr.io/my-project."),
        (["gcr.io/a", "--of=gcr.io/b"], "--of, --manifest and --thin-manifest-dir need --from-manifests."),
        (["gcr.io/a", "--from-manifests"], "With --from-manifests the registry is named with --of."),
        (["--from-manifests", "--of=gcr.io/a"], "--from-manifests needs either --manifest FILE"),
        (["gcr.io/a", "--tag=a/b"], "tag 'a/b' is malformed"),
        (["gcr.io/a", f"--key-files={__file__}"], "--key-files are for the account that --service-account names."),
    ],
)
async def test_options_that_mean_nothing_together_are_refused(cip: Cip, arguments: list[str], reason: str) -> None:
    told = await cip("snapshot", *arguments)
    assert told.code == 2
    assert reason in " ".join(told.err.split())
