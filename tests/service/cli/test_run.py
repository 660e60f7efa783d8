"""`cip run` from the outside: what it prints, writes and exits with."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cip_async import reporting
from cip_async.fake_registry import images
from cip_async.fake_registry.auth import BearerAuth
from tests.service.cli.conftest import Cip
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

SCHEMA = json.loads((Path(reporting.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
APP = images.multi_arch(seed="app")
TOOL = images.single(seed="tool")
OTHER = images.single(seed="other")


@pytest.fixture
def wanted(staging: Staging) -> Staging:
    """An app with two tags and a tool without a tag, wanted in two mirrors: six edges."""
    staging.push("app", APP, "v1.0", "latest")
    staging.push("tools/tool", TOOL)
    return staging


def read_report(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(report, SCHEMA)
    return report


def fates(report: dict[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = report["counts"]["fates"]
    return counts


async def test_a_dry_run_shows_what_would_be_promoted_and_writes_nothing(cip: Cip, wanted: Staging) -> None:
    told = await cip("run", f"--manifest={wanted.written()}", servers=wanted.servers)
    assert told.code == 0, told.err
    assert told.err == ""
    shown, _, end = told.out.partition("Dry run, nothing was written: ")
    assert shown.splitlines() == [
        "gcr.io/staging/app",
        "  to eu.gcr.io/prod/app",
        "     us.gcr.io/prod/app",
        f"    {APP.digest}  latest, v1.0",
        "gcr.io/staging/tools/tool",
        "  to eu.gcr.io/prod/tools/tool",
        "     us.gcr.io/prod/tools/tool",
        f"    {TOOL.digest}  no tag",
    ]
    assert end.startswith("6 edges (4 images) would be promoted")
    assert end.endswith("Next: run again with --confirm to promote them, which takes 12 requests or more\n")
    assert wanted.writes() == []


async def test_confirmed_it_promotes_logs_what_changed_and_reports(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    told = await cip("run", f"--manifest={wanted.written()}", "--confirm", f"--report={path}", servers=wanted.servers)
    assert told.code == 0, told.err
    assert told.out.startswith("Promoted 6 edges (4 images) in ")
    logged = sorted(line.partition("promoted ")[2] for line in told.err.splitlines())
    assert logged == [
        f"eu.gcr.io/prod/app@{APP.digest} as latest, v1.0",
        f"eu.gcr.io/prod/tools/tool@{TOOL.digest}",
        f"us.gcr.io/prod/app@{APP.digest} as latest, v1.0",
        f"us.gcr.io/prod/tools/tool@{TOOL.digest}",
    ]
    for mirror in wanted.mirrors:
        assert wanted.in_mirror(mirror) == wanted.wanted_tags()
    report = read_report(path)
    assert fates(report) == {"promoted": 6}
    assert (report["exit_code"], report["ending"], report["dry_run"]) == (0, "complete", False)
    assert {(edge["destination"], edge["tag"]) for edge in report["edges"]} == {
        ("eu.gcr.io/prod/app", "latest"),
        ("eu.gcr.io/prod/app", "v1.0"),
        ("eu.gcr.io/prod/tools/tool", None),
        ("us.gcr.io/prod/app", "latest"),
        ("us.gcr.io/prod/app", "v1.0"),
        ("us.gcr.io/prod/tools/tool", None),
    }


async def test_the_ledger_of_the_report_is_what_the_hosts_received(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    await cip("run", f"--manifest={wanted.written()}", "--confirm", f"--report={path}", servers=wanted.servers)
    reported: dict[str, int] = {}
    for line in read_report(path)["ledger"]:
        reported[line["host"]] = reported.get(line["host"], 0) + line["requests"]
    received = {name: len(host.ledger.entries) for name, host in wanted.servers.registries.items()}
    assert reported == received


async def test_a_second_run_has_nothing_to_do_and_says_so(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    manifest = f"--manifest={wanted.written()}"
    await cip("run", manifest, "--confirm", servers=wanted.servers)
    wanted.forget_requests()
    told = await cip("run", manifest, "--confirm", f"--report={path}", servers=wanted.servers)
    assert told.code == 0
    assert told.out.startswith("Nothing to do: 6 edges promoted already")
    assert told.err == ""
    assert wanted.writes() == []
    report = read_report(path)
    assert report["edges"] == []
    assert fates(report) == {"already-promoted": 6}


async def test_every_edge_can_be_reported_as_a_line(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    manifest = f"--manifest={wanted.written()}"
    await cip("run", manifest, "--confirm", "--to=eu.gcr.io", servers=wanted.servers)
    told = await cip("run", manifest, f"--report={path}", "--report-edges=all", servers=wanted.servers)
    assert told.code == 0
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    line_schema = {"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]}
    for line in lines:
        jsonschema.validate(line, line_schema)
    assert lines[0]["type"] == "run"
    assert sorted((line["destination"], line["fate"]) for line in lines[1:]) == [
        ("eu.gcr.io/prod/app", "already-promoted"),
        ("eu.gcr.io/prod/app", "already-promoted"),
        ("eu.gcr.io/prod/tools/tool", "already-promoted"),
        ("us.gcr.io/prod/app", "would-promote"),
        ("us.gcr.io/prod/app", "would-promote"),
        ("us.gcr.io/prod/tools/tool", "would-promote"),
    ]


async def test_filters_choose_images_and_mirrors(cip: Cip, wanted: Staging) -> None:
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", "--only=tools/*", "--to=us.*", servers=wanted.servers)
    assert told.code == 0
    assert told.out.startswith("Promoted 1 edge (1 image) in ")
    assert wanted.in_mirror("eu.gcr.io") == {}
    assert set(wanted.in_mirror("us.gcr.io")) == {"tools/tool"}


async def test_filters_that_match_nothing_are_a_usage_error(cip: Cip, wanted: Staging) -> None:
    told = await cip("run", f"--manifest={wanted.written()}", "--only=ap", servers=wanted.servers)
    assert told.code == 2
    assert "ap" in told.err
    assert wanted.writes() == []


async def test_a_conflict_stops_everything_and_is_named(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    wanted.hold("us.gcr.io", "app", OTHER, "v1.0")
    wanted.forget_requests()
    path = tmp_path / "report.json"
    manifest = wanted.written()
    told = await cip("run", f"--manifest={manifest}", "--confirm", f"--report={path}", servers=wanted.servers)
    assert told.code == 1
    (problem,) = told.err.splitlines()
    assert problem.startswith(f"{manifest}:")
    assert "us.gcr.io/prod/app:v1.0" in problem
    assert OTHER.digest in problem
    assert told.out.startswith("Nothing was written: ")
    assert told.out.endswith("with --on-conflict=quarantine\n")
    assert wanted.writes() == []
    report = read_report(path)
    assert (report["exit_code"], report["ending"]) == (1, "conflict")
    assert fates(report) == {"conflict": 1, "not-started": 5}


async def test_under_quarantine_the_rest_is_promoted(cip: Cip, wanted: Staging) -> None:
    wanted.hold("us.gcr.io", "app", OTHER, "v1.0")
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", "--on-conflict=quarantine", servers=wanted.servers)
    assert told.code == 3
    assert "us.gcr.io/prod/app:v1.0" in told.err
    assert told.out.startswith("Promoted 5 edges (4 images) in ")
    assert "Next: mend what was left out, named above" in told.out
    assert wanted.in_mirror("us.gcr.io")["app"] == {"v1.0": OTHER.digest, "latest": APP.digest}


async def test_invalid_entries_and_overlaps_come_at_once(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    wanted.want("app", OTHER.digest, "latest")
    manifest, path = wanted.written(), tmp_path / "report.json"
    manifest.write_text(manifest.read_text() + '    "sha256:12": ["v2"]\n')
    told = await cip("run", f"--manifest={manifest}", "--confirm", f"--report={path}", servers=wanted.servers)
    assert told.code == 1
    malformed, overlap = told.err.splitlines()
    assert malformed.startswith(f"{manifest}:")
    assert "'sha256:12' is malformed" in malformed
    assert overlap.startswith(f"{manifest}:")
    assert "tag latest of eu.gcr.io/prod/app (and 1 more mirror) is wanted with" in overlap
    assert wanted.writes() == []
    report = read_report(path)
    assert len(report["invalid"]) == len(report["overlaps"]) == 1


async def test_a_file_that_is_no_yaml_stops_the_run_and_is_reported(cip: Cip, tmp_path: Path) -> None:
    manifest, path = tmp_path / "manifest.yaml", tmp_path / "report.json"
    manifest.write_text("registries: [\n")
    path.write_text("the report of a former run")
    told = await cip("run", f"--manifest={manifest}", "--on-conflict=quarantine", f"--report={path}")
    assert told.code == 1
    assert told.err.startswith(f"{manifest}:")
    assert len(told.err.splitlines()) == 1
    report = read_report(path)
    assert (report["exit_code"], report["ending"]) == (1, "conflict")
    assert len(report["invalid"]) == 1


async def test_a_mirror_that_cannot_be_read_holds_back_no_other(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    wanted.servers["us.gcr.io"].auth = BearerAuth()
    path = tmp_path / "report.json"
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", f"--report={path}", servers=wanted.servers)
    assert told.code == 3
    assert wanted.in_mirror("eu.gcr.io") == wanted.wanted_tags()
    assert "cannot list us.gcr.io/prod/app: " in told.err
    assert "Failed: us.gcr.io/prod/app" in told.out
    assert told.out.splitlines()[-1].startswith("Next: mend the credentials or permissions named above")
    report = read_report(path)
    assert fates(report) == {"promoted": 3, "failed": 3}
    assert {edge["outcome"] for edge in report["edges"] if edge["fate"] == "failed"} == {"unknown"}


async def test_a_lost_image_is_a_warning_and_an_error_if_strict(cip: Cip, wanted: Staging) -> None:
    wanted.want("tools/tool", OTHER.digest, "v9")
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--strict", servers=wanted.servers)
    assert told.code == 1
    told = await cip("run", manifest, "--confirm", servers=wanted.servers)
    assert told.code == 0
    assert "warning: eu.gcr.io/prod/tools/tool:v9 (and in 1 more mirror)" in told.err
    assert "  2  lost" in told.out
    told = await cip("run", manifest, "--confirm", "--strict", servers=wanted.servers)
    assert told.code == 1


async def test_a_source_of_which_nothing_exists_is_a_conflict(cip: Cip, staging: Staging) -> None:
    staging.want("app", APP.digest, "v1.0")
    told = await cip("run", f"--manifest={staging.written()}", "--confirm", servers=staging.servers)
    assert told.code == 1
    assert "wanted from gcr.io/staging exists there or in a mirror: is the name right" in told.err


async def test_server_side_only_fails_rather_than_relays(cip: Cip, wanted: Staging) -> None:
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", "--server-side-only", servers=wanted.servers)
    assert told.code == 3
    assert "forbidden (server side only)" in told.out
    assert wanted.in_mirror("eu.gcr.io") == {}
    for host in wanted.servers.registries.values():
        assert host.ledger.count(call_class="upload") == 0


async def test_the_inventory_is_kept_where_it_was_asked_for(cip: Cip, wanted: Staging, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.sqlite"
    told = await cip("run", f"--manifest={wanted.written()}", f"--inventory={inventory}", servers=wanted.servers)
    assert told.code == 0
    assert inventory.read_bytes().startswith(b"SQLite format 3")


async def test_a_trusted_inventory_spares_the_next_run_all_requests_and_the_report_says_so(
    cip: Cip, wanted: Staging, tmp_path: Path
) -> None:
    path = tmp_path / "report.json"
    arguments = (
        f"--manifest={wanted.written()}",
        "--confirm",
        f"--inventory={tmp_path / 'inventory.sqlite'}",
        "--trust-inventory=1h",
        f"--report={path}",
    )
    assert (await cip("run", *arguments, servers=wanted.servers)).code == 0
    wanted.forget_requests()
    told = await cip("run", *arguments, servers=wanted.servers)
    assert told.code == 0, told.err
    assert "\nNot asked, as the inventory was trusted: 4 repositories\n" in told.out
    assert "Cost:" not in told.out
    report = read_report(path)
    assert (fates(report), report["trusted_listings"], report["ledger"]) == ({"already-promoted": 6}, 4, [])
    assert all(host.ledger.entries == [] for host in wanted.servers.registries.values())


@pytest.mark.parametrize(("options", "heads"), [([], 0), (["--recheck-tags"], 4)])
async def test_tags_are_asked_for_before_they_are_written_where_that_is_wanted(
    cip: Cip, wanted: Staging, options: list[str], heads: int
) -> None:
    told = await cip("run", f"--manifest={wanted.written()}", "--confirm", *options, servers=wanted.servers)
    assert told.code == 0, told.err
    assert sum(host.ledger.count(call_class="manifest-head") for host in wanted.servers.registries.values()) == heads


async def test_an_inventory_that_is_none_ends_the_run_with_a_sentence(
    cip: Cip, wanted: Staging, tmp_path: Path
) -> None:
    other, path = tmp_path / "other", tmp_path / "report.json"
    other.write_text("something else, which must not be overwritten")
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", f"--inventory={other}", f"--report={path}", servers=wanted.servers)
    assert told.code == 1
    assert told.out == ""
    assert told.err == f"{other}: is not an inventory: name another file, or remove this one\n"
    assert wanted.writes() == []
    assert read_report(path)["exit_code"] == 1


async def test_a_report_that_cannot_be_written_at_the_end_leaves_the_run_partly_done(cip: Cip, wanted: Staging) -> None:
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", "--report=/dev/full", servers=wanted.servers)
    assert told.code == 3
    assert "/dev/full: the report cannot be written: No space left on device\n" in told.err
    assert told.out.startswith("Promoted 6 edges (4 images) in ")


async def test_a_report_that_cannot_be_written_is_refused_before_the_run(cip: Cip, wanted: Staging) -> None:
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", "--report=/nowhere/report.json", servers=wanted.servers)
    assert told.code == 1
    assert told.err == "/nowhere/report.json: the report cannot be written: No such file or directory\n"
    assert wanted.writes() == []


async def test_the_log_can_be_json(cip: Cip, wanted: Staging) -> None:
    manifest = f"--manifest={wanted.written()}"
    told = await cip("run", manifest, "--confirm", "--log-format=json", servers=wanted.servers)
    lines = [json.loads(line) for line in told.err.splitlines()]
    assert len(lines) == 4
    assert {line["severity"] for line in lines} == {"INFO"}


async def test_escape_sequences_of_a_file_name_do_not_reach_the_terminal(cip: Cip, tmp_path: Path) -> None:
    manifest = tmp_path / "\x1b[31mred.yaml"
    manifest.write_text("registries: []\n")
    told = await cip("run", f"--manifest={manifest}")
    assert told.code == 1
    assert "\x1b" not in told.err
    assert r"\x1b[31mred.yaml:" in told.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Name either --manifest FILE or --thin-manifest-dir DIR."),
        (("--manifest=pyproject.toml", "--thin-manifest-dir=."), "Name either --manifest FILE or"),
        (("--manifest=/nowhere.yaml",), "'/nowhere.yaml' does not exist"),
        (("--thin-manifest-dir=.", "--parse-only", "--confirm"), "it cannot be used with --confirm"),
        (("--thin-manifest-dir=.", "--report-edges=all"), "--report-edges all needs --report FILE."),
        (("--thin-manifest-dir=.", "--threads=0"), "0 is not in the range x>=1"),
        (("--thin-manifest-dir=.", "--on-conflict=ignore"), "'ignore' is not one of 'abort', 'quarantine'"),
    ],
)
async def test_wrong_usage_is_explained(arguments: tuple[str, ...], complaint: str, cip: Cip) -> None:
    told = await cip("run", *arguments)
    assert told.code == 2
    assert complaint in " ".join(told.err.split())


async def test_an_endpoint_that_is_no_url_is_a_usage_error(cip: Cip, wanted: Staging) -> None:
    told = await cip("run", f"--manifest={wanted.written()}", "--endpoint=gcr.io=ftp://elsewhere")
    assert told.code == 2
    assert "Traceback" not in told.err
    assert "ftp://elsewhere" in told.err
