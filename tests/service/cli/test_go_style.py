"""Old job definitions, word for word, against registries."""

import json
from pathlib import Path

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.rules import Rules
from tests.service.cli.conftest import Cip
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MULTI = images.multi_arch(seed="multi")


@pytest.fixture
async def staging(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    """A multi-arch image in staging, wanted in two mirrors."""
    registry = Staging(await serve_hosts("gcr.io", "eu.gcr.io", "us.gcr.io", rules=Rules.google), tmp_path)
    registry.push("app", MULTI, "v1", "latest")
    return registry


@pytest.fixture
def thin(staging: Staging, tmp_path: Path) -> Path:
    """The same as thin promoter manifests."""
    registries, _, wanted = staging.written().read_text().partition("images:\n")
    for path, text in (("manifests/foo/promoter-manifest.yaml", registries), ("images/foo/images.yaml", wanted)):
        (tmp_path / "thin" / path).parent.mkdir(parents=True)
        (tmp_path / "thin" / path).write_text(text)
    return tmp_path / "thin"


@pytest.mark.parametrize("dashes", ["-", "--"])
@pytest.mark.parametrize("separator", ["=", " "])
async def test_a_run_is_dry_unless_told_otherwise(
    cip: Cip, staging: Staging, thin: Path, dashes: str, separator: str
) -> None:
    manifest = f"{dashes}manifest{separator}{staging.written()}".split(" ")
    directory = f"{dashes}thin-manifest-dir{separator}{thin}".split(" ")
    for where in (manifest, directory):
        told = await cip(*where, servers=staging.servers)
        assert told.code == 0, told.err
        assert "4 edges (2 images) would be promoted" in told.out
    assert staging.writes() == []

    told = await cip(*directory, f"{dashes}dry-run=false", f"{dashes}threads=10", servers=staging.servers)

    assert told.code == 0, told.err
    assert staging.in_mirror("eu.gcr.io") == staging.in_mirror("us.gcr.io") == staging.wanted_tags()


async def test_parse_only_asks_no_registry(cip: Cip, staging: Staging, thin: Path) -> None:
    told = await cip(f"-thin-manifest-dir={thin}", "-parse-only", servers=staging.servers)
    assert told.out == "1 manifest, 1 image, 1 digest, 4 edges\n"
    assert not any(host.ledger.entries for host in staging.servers.registries.values())


async def test_a_snapshot_is_yaml_or_csv_in_any_case(cip: Cip, staging: Staging) -> None:
    children = {child.digest for child in MULTI.children}
    yaml = await cip("-snapshot=gcr.io/staging", servers=staging.servers)
    assert yaml.out.startswith("- name: app\n  dmap:\n")
    csv = await cip("-snapshot=gcr.io/staging", "-output-format=CSV", servers=staging.servers)
    assert set(csv.out.splitlines()) == {f"app@{digest},-" for digest in (MULTI.digest, *children)}
    odd = await cip("-snapshot=gcr.io/staging", "-output-format=XML", servers=staging.servers)
    assert odd.out == yaml.out
    assert odd.err.startswith("warning: output format 'XML' is unknown: YAML is written\n")


async def test_a_snapshot_can_be_minimal_and_of_one_tag(cip: Cip, staging: Staging) -> None:
    staging.hold("eu.gcr.io", "app", MULTI, "v1", "v2")
    snapshot = ("-snapshot=eu.gcr.io/prod", "-output-format=csv")
    minimal = await cip(*snapshot, "-minimal-snapshot", servers=staging.servers)
    assert minimal.out == f"app@{MULTI.digest},app:v1\napp@{MULTI.digest},app:v2\n"
    tagged = await cip(*snapshot, "-snapshot-tag=v2", servers=staging.servers)
    assert tagged.out == f"app@{MULTI.digest},app:v2\n"


async def test_a_manifest_based_snapshot_asks_no_registry(cip: Cip, staging: Staging, thin: Path) -> None:
    told = await cip("-manifest-based-snapshot-of=us.gcr.io/prod", f"-thin-manifest-dir={thin}", "-output-format=CSV")
    assert told.out == f"app@{MULTI.digest},app:latest\napp@{MULTI.digest},app:v1\n"


async def test_an_image_above_the_largest_size_is_not_promoted(cip: Cip, staging: Staging) -> None:
    staging.push("big", images.single(seed="big", layers=[images.layer("big", 3 * 1024 * 1024)]), "v1")
    told = await cip(f"-manifest={staging.written()}", "-dry-run=false", "-max-image-size=2", servers=staging.servers)
    assert told.code == 1
    assert "more than the 2 MiB allowed" in told.out
    assert staging.writes() == []


async def test_the_log_can_be_json_and_klogs_flags_are_accepted(cip: Cip, staging: Staging) -> None:
    told = await cip(
        f"-manifest={staging.written()}",
        "-dry-run=false",
        "-json-log-summary",
        "-v=2",
        "-logtostderr",
        "-vmodule=a=1",
        servers=staging.servers,
    )
    assert told.code == 0, told.err
    assert all(json.loads(line) for line in told.err.splitlines())


@pytest.mark.parametrize(
    ("typed", "shown"),
    [([], "Usage: cip"), (["-help"], "Usage: cip"), (["-h"], "Usage: cip"), (["-version"], "cip ")],
)
async def test_help_and_version_are_shown(cip: Cip, typed: list[str], shown: str) -> None:
    told = await cip(*typed)
    assert told.code == 0
    assert told.out.startswith(shown)


async def test_an_unknown_flag_is_told(cip: Cip) -> None:
    told = await cip("-manifets=x.yaml")
    assert told.code == 2
    assert "No such option: -manifets" in told.err


async def test_the_later_spelling_works_too(cip: Cip, staging: Staging) -> None:
    told = await cip("run", "--manifest", str(staging.written()), "--confirm", servers=staging.servers)
    assert told.code == 0, told.err
    csv = await cip("snapshot", "eu.gcr.io/prod", "--output", "csv", "--minimal", servers=staging.servers)
    assert csv.out == f"app@{MULTI.digest},app:latest\napp@{MULTI.digest},app:v1\n"
