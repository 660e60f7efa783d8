"""`cip run --check` and `--changed-since` from the outside."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.rules import Rules
from tests.service.cli.conftest import Cip
from tests.service.conftest import ServeHosts
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

BIG = images.single(seed="big", layers=[images.layer("big", 3 * 1024 * 1024)])
SMALL = images.single(seed="small")


@pytest.fixture
async def staging(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    """A big image and a small one in staging, wanted in two mirrors, in the first commit of a git repository."""
    registry = Staging(
        await serve_hosts("gcr.io", "eu.gcr.io", "us.gcr.io", rules=Rules.google), tmp_path / "repository"
    )
    registry.folder.mkdir()
    git(registry, "init", "-q", "-b", "main")
    registry.push("big", BIG, "v1")
    registry.push("small", SMALL, "v1", "latest")
    registry.written()
    commit(registry)
    return registry


def git(staging: Staging, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    named = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    command = ["git", "-C", str(staging.folder), *named, *arguments]
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)


def commit(staging: Staging) -> None:
    git(staging, "add", "-A")
    git(staging, "commit", "-q", "-m", "Change")


async def test_an_image_above_the_limit_stops_the_promotion(cip: Cip, staging: Staging) -> None:
    told = await cip(
        "run",
        f"--manifest={staging.written()}",
        "--confirm",
        "--max-image-size=2",
        servers=staging.servers,
    )
    assert told.code == 1
    assert f"gcr.io/staging/big@{BIG.digest} has 3.1 MiB, more than the 2 MiB allowed [image-size]" in told.out
    assert "Nothing was written: checks found 1 error" in told.out
    assert staging.writes() == []


async def test_checks_that_pass_let_the_promotion_go_on(cip: Cip, staging: Staging) -> None:
    told = await cip(
        "run", f"--manifest={staging.written()}", "--confirm", "--check=all", "--base=HEAD", servers=staging.servers
    )
    assert told.code == 0, told.err
    assert staging.in_mirror("eu.gcr.io") == staging.wanted_tags()


async def test_what_disappeared_and_what_moved_is_found_without_a_registry(cip: Cip, staging: Staging) -> None:
    del staging.wanted["big"]
    staging.wanted["small"] = {images.single(seed="newer").digest: ["v1"]}
    told = await cip(
        "run",
        f"--manifest={staging.written()}",
        "--parse-only",
        "--check=removal",
        "--check=tag-moves",
        "--base=HEAD",
        "--findings=json",
    )
    assert told.code == 1
    findings = [json.loads(line) for line in told.out.splitlines()]
    assert {(each["check"], each["message"].split(" of ")[0]) for each in findings} == {
        ("removal", f"digest {BIG.digest}"),
        ("removal", f"digest {SMALL.digest}"),
        ("tag-moves", "tag v1"),
    }
    assert {each["place"]["path"] for each in findings} == {
        f"HEAD:{staging.folder}/promoter-manifest.yaml",
        f"{staging.folder}/promoter-manifest.yaml",
    }


async def test_findings_can_be_annotations(cip: Cip, staging: Staging) -> None:
    del staging.wanted["big"]
    told = await cip(
        "run",
        f"--manifest={staging.written()}",
        "--parse-only",
        "--check=removal",
        "--base=HEAD",
        "--findings=github",
    )
    (annotation,) = [line for line in told.out.splitlines() if line.startswith("::")]
    assert annotation.startswith(f"::error file=HEAD%3A{staging.folder}/promoter-manifest.yaml,line=")
    assert annotation.endswith("was wanted here, and is not any more")


async def test_a_run_can_be_about_what_changed_alone(cip: Cip, staging: Staging) -> None:
    new = images.single(seed="new")
    staging.push("small", new, "v2")
    told = await cip(
        "run", f"--manifest={staging.written()}", "--confirm", "--changed-since=HEAD", servers=staging.servers
    )
    assert told.code == 0, told.err
    assert staging.in_mirror("us.gcr.io") == {"small": {"v2": new.digest}}


async def test_filters_may_leave_nothing_of_what_changed(cip: Cip, staging: Staging) -> None:
    staging.push("small", images.single(seed="new"), "v2")
    changed = ("run", f"--manifest={staging.written()}", "--confirm", "--changed-since=HEAD")
    told = await cip(*changed, "--only=big", servers=staging.servers)
    assert told.code == 0, told.err
    assert "Nothing to do" in told.out
    wrong = await cip(*changed, "--only=bg", servers=staging.servers)
    assert (wrong.code, wrong.err) == (2, "the filter is 'bg': expected a glob that matches what is wanted\n")
    assert staging.writes() == []


async def test_with_nothing_changed_there_is_nothing_to_do(
    cip: Cip, staging: Staging, environment: dict[str, str]
) -> None:
    environment["PULL_BASE_SHA"] = "HEAD"
    told = await cip("run", f"--manifest={staging.written()}", "--use-prow-manifest-diff", servers=staging.servers)
    assert told.code == 0, told.err
    assert "Nothing to do" in told.out
    assert not any(host.ledger.entries for host in staging.servers.registries.values())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--check=removal"], "--check removal needs a revision to compare with: --base or --changed-since."),
        (["--use-prow-manifest-diff"], "--use-prow-manifest-diff needs PULL_BASE_SHA in the environment"),
        (["--parse-only", "--check=image-size"], "--parse-only asks no registry, and --check image-size does."),
        (["--changed-since=nothing"], "the revision is 'nothing': expected a revision of the git repository"),
    ],
)
async def test_what_cannot_be_compared_is_told(cip: Cip, staging: Staging, arguments: list[str], reason: str) -> None:
    told = await cip("run", f"--manifest={staging.written()}", *arguments)
    assert told.code == 2
    assert reason in " ".join(told.err.split())
