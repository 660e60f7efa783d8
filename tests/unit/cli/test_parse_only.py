"""`cip run --parse-only`: what promoter manifests want, and all that is wrong in them, at once."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cip_async.cli import cip
from tests.unit.manifests.samples import REGISTRIES, A, B, C, thin, write

OVERLAPPING = f"""\
- name: etcd
  dmap:
    "{A}": ["v1"]
    "{B}": ["v1", "v2"]
    "{C}": ["v3"]
    "sha256:12": ["v4"]
"""
MALFORMED = "images/foo/images.yaml:6:5: digest 'sha256:12' is malformed: expected 'sha256:' and 64 hex digits"
OVERLAP = (
    f"images/foo/images.yaml:4:81: tag v1 of us.gcr.io/prod/etcd is wanted with {B} here,"
    f" and with {A} at images/foo/images.yaml:3:81"
)


def run(folder: Path, *options: str) -> Result:
    """Run the command; paths in what it writes are relative to the folder."""
    result = CliRunner().invoke(cip, ["run", "--parse-only", "--thin-manifest-dir", str(folder), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def noted(result: Result, folder: Path) -> list[str]:
    return result.stderr.replace(f"{folder}/", "").splitlines()


def test_what_is_wanted_is_told_in_one_line(tmp_path: Path) -> None:
    write(tmp_path, {**thin("foo"), **thin("bar", images=f"- name: a\n  dmap:\n    '{A}': [v1, v2]\n- name: stub\n")})
    result = run(tmp_path)
    assert result.stdout == "2 manifests, 3 images, 1 digest, 3 edges\n"
    assert result.stderr == ""
    assert result.exit_code == 0


def test_a_plain_manifest_is_told_likewise(tmp_path: Path) -> None:
    write(tmp_path, {"plain.yaml": f"{REGISTRIES}images:\n- name: a\n  dmap: {{'{A}': []}}\n"})
    result = CliRunner().invoke(cip, ["run", "--parse-only", "--manifest", str(tmp_path / "plain.yaml")])
    assert result.stdout == "1 manifest, 1 image, 1 digest, 1 edge\n"
    assert result.exit_code == 0


def test_warnings_change_nothing(tmp_path: Path) -> None:
    write(tmp_path, {**thin("foo"), "images.yaml": ""})
    result = run(tmp_path)
    assert result.stdout == "1 manifest, 1 image, 1 digest, 1 edge\n"
    assert noted(result, tmp_path) == [
        "images.yaml:1:1: warning: is misplaced and not read: expected images/<name>/images.yaml"
    ]
    assert result.exit_code == 0


def test_warnings_are_problems_when_strict(tmp_path: Path) -> None:
    write(tmp_path, {**thin("foo"), "images.yaml": ""})
    result = run(tmp_path, "--strict")
    assert result.stdout == ""
    assert noted(result, tmp_path) == ["images.yaml:1:1: is misplaced and not read: expected images/<name>/images.yaml"]
    assert result.exit_code == 1


def test_invalid_entries_and_overlaps_are_told_at_once_and_nothing_is_counted(tmp_path: Path) -> None:
    write(tmp_path, thin("foo", images=OVERLAPPING))
    result = run(tmp_path)
    assert result.stdout == ""
    assert noted(result, tmp_path) == [MALFORMED, OVERLAP]
    assert result.exit_code == 1


def test_quarantine_counts_what_is_left_and_tells_what_is_not(tmp_path: Path) -> None:
    write(tmp_path, thin("foo", images=OVERLAPPING))
    result = run(tmp_path, "--on-conflict=quarantine")
    assert result.stdout == "1 manifest, 1 image, 2 digests, 2 edges\n"
    assert noted(result, tmp_path) == [MALFORMED, OVERLAP]
    assert result.exit_code == 3


def test_an_overlap_is_told_once_however_many_the_mirrors(tmp_path: Path) -> None:
    registries = f"{REGISTRIES}- name: eu.gcr.io/prod\n- name: asia.gcr.io/prod\n"
    write(tmp_path, thin("foo", registries=registries, images=OVERLAPPING))
    assert noted(run(tmp_path), tmp_path) == [
        MALFORMED,
        OVERLAP.replace("us.gcr.io/prod/etcd", "asia.gcr.io/prod/etcd (and 2 more mirrors)"),
    ]


def test_filters_count_and_hide_the_overlaps_of_other_images(tmp_path: Path) -> None:
    write(
        tmp_path,
        {**thin("foo"), **thin("bar", images=OVERLAPPING.replace("etcd", "other").replace("sha256:12", C[:-1]))},
    )
    result = run(tmp_path, "--only", "etcd", "--to", "us.*", "--on-conflict=quarantine")
    assert result.stdout == "1 manifest, 1 image, 1 digest, 1 edge\n"
    assert len(noted(result, tmp_path)) == 1
    assert result.exit_code == 3


def test_filters_that_leave_nothing_are_a_usage_error(tmp_path: Path) -> None:
    write(tmp_path, thin("foo"))
    result = run(tmp_path, "--only", "nothing")
    assert result.stdout == ""
    assert "the filter is 'nothing': expected a glob that matches what is wanted" in result.stderr
    assert result.exit_code == 2


@pytest.mark.parametrize("mode", ["abort", "quarantine"])
def test_a_file_that_cannot_be_understood_stops_in_every_mode_and_hides_nothing(tmp_path: Path, mode: str) -> None:
    write(tmp_path, {**thin("foo", images=OVERLAPPING), **thin("bar", images="- [\n")})
    result = run(tmp_path, f"--on-conflict={mode}")
    assert result.stdout == ""
    assert noted(result, tmp_path) == [
        "images/bar/images.yaml:2:1: is not YAML: did not find expected node content while parsing a flow node",
        MALFORMED,
        OVERLAP,
    ]
    assert result.exit_code == 1


def test_many_problems_are_all_told_and_then_counted(tmp_path: Path) -> None:
    malformed = "".join(f"    sha256:{number}: []\n" for number in range(300))
    write(tmp_path, thin("foo", images=f"- name: foo\n  dmap:\n{malformed}"))
    *problems, last = noted(run(tmp_path), tmp_path)
    assert [line.split(":")[1] for line in problems] == [str(line) for line in range(3, 303)]
    assert last == "300 problems are told above"


def test_problems_are_told_even_where_they_leave_nothing_to_filter(tmp_path: Path) -> None:
    write(tmp_path, {**thin("foo"), **thin("bar", images="- name: bar\n  dmap: {x: []}\n")})
    result = run(tmp_path, "--only", "bar")
    assert noted(result, tmp_path)[0].startswith("images/bar/images.yaml:2:10: digest 'x' is malformed")
    assert result.exit_code == 2


REAL = Path(os.environ.get("CIP_REAL_MANIFESTS", ""))
real = pytest.mark.skipif(
    "CIP_REAL_MANIFESTS" not in os.environ,
    reason="CIP_REAL_MANIFESTS does not point to the thin manifests of github.com/kubernetes/k8s.io",
)


@real
def test_the_real_set_of_2020_is_counted_with_two_warnings() -> None:
    result = run(REAL / "kubernetes-2020-08")
    assert result.stdout == "47 manifests, 153 images, 869 digests, 4,014 edges\n"
    assert [line.count(": warning: is misplaced") for line in result.stderr.splitlines()] == [1, 1]
    assert result.exit_code == 0


@real
@pytest.mark.parametrize(
    ("mode", "counted", "code"),
    [("abort", "", 1), ("quarantine", "74 manifests, 808 images, 19,499 digests, 707,476 edges\n", 3)],
)
def test_the_real_set_of_2024_has_two_problems(mode: str, counted: str, code: int) -> None:
    result = run(REAL / "kubernetes-2024-04", f"--on-conflict={mode}")
    assert result.stdout == counted
    places = [line.split(": ")[0].rpartition("/")[2] for line in result.stderr.splitlines()]
    assert places == ["images.yaml:152:5", "images.yaml:219:81"]
    assert result.exit_code == code
