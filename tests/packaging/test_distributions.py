"""The source archive and the wheel are whole, and what they install runs."""

import json
import re
import runpy
import urllib.request
from email.parser import BytesParser
from pathlib import Path

import pytest

from tests.packaging.distributions import (
    COMMIT,
    DATE,
    ROOT,
    TOLD,
    VERSION,
    built,
    content,
    installed,
    printed,
    project,
    started,
    unpacked,
)

SCRIPTS = project()["scripts"]
RECORD = "cip_async/origin.json"


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the source archive holds."""
    sdist = built("sdist", ROOT, tmp_path_factory.mktemp("sdist"), told=TOLD)
    return unpacked(sdist, tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that was built from the source archive, where there is no git."""
    return built("wheel", sources, tmp_path_factory.mktemp("wheel"), told={})


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(wheel, tmp_path_factory.mktemp("installed"))


def test_installed_cip_tells_its_version_and_its_commit(programs: Path) -> None:
    told = printed(programs / "cip", "version").splitlines()
    assert told[0].startswith(f"cip {VERSION} (Python ")
    assert told[1:] == [f"commit {COMMIT}", f"date {DATE}"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_installed_program_shows_its_help(programs: Path, script: str) -> None:
    assert printed(programs / script, "--help").startswith("Usage: cip ")


def test_an_installed_auditor_serves_until_it_is_terminated(programs: Path, tmp_path: Path) -> None:
    manifests = tmp_path / "promoter-manifest.yaml"
    manifests.write_text(
        "registries: [{name: gcr.io/staging, src: true}, {name: gcr.io/prod}]\nimages: []\n", encoding="utf-8"
    )
    with started(
        programs / "cip-auditor", "--manifest-path", str(manifests), "--address", "127.0.0.1", "--port", "0"
    ) as auditor:
        assert auditor.stdout is not None
        port = next(found[1] for line in auditor.stdout if (found := re.search(r"listening on port (\d+)", line)))
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{port}/healthz", timeout=30
        ) as answer:
            assert answer.status == 200
        auditor.terminate()
        assert auditor.wait(timeout=30) == 0


def test_what_runs_is_what_was_installed_and_not_this_checkout(programs: Path) -> None:
    where = printed(programs / "python", "-c", "import cip_async; print(cip_async.__file__)")
    assert Path(where).is_relative_to(programs.parent)


def test_an_installed_promoter_promotes(programs: Path) -> None:
    assert "Everything held." in printed(programs / "cip", "demo", "--latency", "0", "--progress", "never")


def test_installed_package_data_can_be_read(programs: Path) -> None:
    program = (
        "import importlib.resources as r, json;"
        "print(json.loads(r.files('cip_async.reporting').joinpath('report.schema.json').read_text())['title'],"
        "r.files('cip_async').joinpath('py.typed').is_file())"
    )
    assert printed(programs / "python", "-c", program) == "Report of a promotion run True\n"


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path, sources: Path) -> None:
    folder = f"cip_async-{VERSION}.dist-info/"
    package = {name for name in content(wheel) if not name.startswith(folder)}
    files = (path.relative_to(sources) for path in (sources / "cip_async").rglob("*") if path.is_file())
    assert package == {str(path) for path in files if "__pycache__" not in path.parts}
    assert {"cip_async/py.typed", "cip_async/reporting/report.schema.json", RECORD} <= package


def test_the_version_in_the_wheel_is_that_of_its_file(wheel: Path) -> None:
    metadata = BytesParser().parsebytes(content(wheel)[f"cip_async-{VERSION}.dist-info/METADATA"])
    assert (metadata["Name"], metadata["Version"]) == ("cip-async", VERSION)


def test_the_version_is_written_down_once() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert "version" in project()["dynamic"]
    repeated = [
        path.name
        for path in (ROOT / "Containerfile", ROOT / "cloudbuild.yaml", *(ROOT / "cip_async").rglob("*.py"))
        if re.search(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])", path.read_text(encoding="utf-8"))
    ]
    assert repeated == []


def test_the_source_archive_holds_what_builds_tests_and_images_need(sources: Path) -> None:
    needed = {"VERSION", "hatch_build.py", "pyproject.toml", "cip_async"}
    needed |= {"tests", "docs", "benchmarks", ".ci", "noxfile.py", "README.md", "CHANGELOG.md", "LICENSE"}
    needed |= {"Containerfile", ".dockerignore", "cloudbuild.yaml"}
    assert needed <= {path.name for path in sources.iterdir()}


def test_a_wheel_of_sources_whose_commit_is_unknown_says_nothing_of_it(sources: Path, tmp_path: Path) -> None:
    record = sources / RECORD
    written = record.read_bytes()
    record.unlink()
    try:
        assert RECORD not in content(built("wheel", sources, tmp_path, told={}))
    finally:
        record.write_bytes(written)


def test_an_editable_install_asks_git_instead_of_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["OriginHook"](str(ROOT), {}, None, None, str(tmp_path), "wheel")
    build_data: dict[str, dict[str, str]] = {"force_include": {}}
    hook.initialize("editable", build_data)
    hook.finalize("editable", build_data, "")
    assert build_data == {"force_include": {}}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout")
def test_a_wheel_of_a_checkout_has_its_commit_from_git(tmp_path: Path) -> None:
    record = json.loads(content(built("wheel", ROOT, tmp_path, told={}))[RECORD])
    assert re.fullmatch("[0-9a-f]{40}(-dirty)?", record["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["date"])


def test_the_newest_release_in_the_changelog_is_the_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    for newest in headings[1:2]:
        assert re.fullmatch(rf"{re.escape(VERSION)} \(\d{{4}}-\d\d-\d\d\)", newest)
