"""`cip snapshot` from the outside."""

import anyio
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.server import Servers
from tests.service.cli.conftest import CIP, Cip, endpoints
from tests.service.conftest import ServeHosts

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
