"""The flags of the Go promoter come to today's commands."""

import shlex

import click
import pytest

from cip_async.cli.go_flags import Mode
from cip_async.cli.go_style import is_go_style, translated

TODAY = {"--endpoint": True, "--server-side-only": False, "--confirm": False}
"""Options of today's, and whether they take a value."""


def takes_value(mode: Mode, option: str) -> bool | None:
    return TODAY.get(option)


@pytest.mark.parametrize(
    ("typed", "today"),
    [
        ("-manifest=path/to/manifest.yaml", "run --no-use-service-account --manifest path/to/manifest.yaml"),
        ("--manifest path/to/manifest.yaml", "run --no-use-service-account --manifest path/to/manifest.yaml"),
        ("-thin-manifest-dir=DIR", "run --no-use-service-account --thin-manifest-dir DIR"),
        ("-thin-manifest-dir DIR -dry-run=false", "run --confirm --no-use-service-account --thin-manifest-dir DIR"),
        ("-thin-manifest-dir DIR -dry-run=true", "run --no-use-service-account --thin-manifest-dir DIR"),
        ("-thin-manifest-dir DIR -dry-run", "run --no-use-service-account --thin-manifest-dir DIR"),
        (
            "-thin-manifest-dir DIR --dry-run=F -threads=10",
            "run --confirm --no-use-service-account --thin-manifest-dir DIR --threads 10",
        ),
        ("-parse-only -manifest=m.yaml", "run --no-use-service-account --parse-only --manifest m.yaml"),
        ("-manifest=m.yaml -parse-only=false", "run --no-use-service-account --manifest m.yaml"),
        ("-manifest=m.yaml -json-log-summary", "run --no-use-service-account --manifest m.yaml --log-format json"),
        (
            "-manifest=m.yaml -key-files=a.json,b.json -use-service-account",
            "run --manifest m.yaml --key-files a.json,b.json",
        ),
        ("-manifest=m.yaml -use-service-account", "run --manifest m.yaml"),
        ("-manifest=m.yaml -use-service-account=false", "run --no-use-service-account --manifest m.yaml"),
        (
            "-manifest=m.yaml -key-files= -snapshot= -threads=7",
            "run --no-use-service-account --manifest m.yaml --threads 7",
        ),
        ("-manifest=a.yaml -manifest=b.yaml -dry-run=false -dry-run", "run --no-use-service-account --manifest b.yaml"),
        ("-manifest=m.yaml -parse-only -parse-only=false", "run --no-use-service-account --manifest m.yaml"),
        (
            "-manifest=m.yaml -max-image-size=100",
            "run --no-use-service-account --manifest m.yaml --check image-size --max-image-size 100",
        ),
        (
            "-manifest=m.yaml -dry-run=false -vuln-severity-threshold=3",
            "run --no-use-service-account --manifest m.yaml --check vulnerabilities --vuln-severity-threshold 3",
        ),
        (
            "-manifest=m.yaml -dry-run=false -vuln-severity-threshold=-1",
            "run --confirm --no-use-service-account --manifest m.yaml",
        ),
        ("-snapshot=gcr.io/foo", "snapshot gcr.io/foo"),
        ("-snapshot gcr.io/foo -output-format=CSV", "snapshot gcr.io/foo --output csv"),
        ("-output-format=yAmL -snapshot=gcr.io/foo", "snapshot gcr.io/foo --output yaml"),
        ("-snapshot=gcr.io/foo -minimal-snapshot", "snapshot gcr.io/foo --minimal"),
        ("run --snapshot=gcr.io/foo --output-format=csv", "snapshot gcr.io/foo --output csv"),
        (
            "-snapshot=gcr.io/foo -snapshot-tag=v1 -snapshot-service-account=a@b.c -use-service-account",
            "snapshot gcr.io/foo --tag v1 --service-account a@b.c",
        ),
        (
            "-manifest-based-snapshot-of=us.gcr.io/prod -thin-manifest-dir=DIR -output-format=CSV",
            "snapshot --from-manifests --of us.gcr.io/prod --thin-manifest-dir DIR --output csv",
        ),
        (
            (
                "-audit -audit-manifest-repo-url=https://x/y -audit-manifest-repo-branch=main"
                " -audit-manifest-path=k8s -audit-gcp-project-id=p"
            ),
            (
                "audit serve --manifest-repo-url https://x/y --manifest-repo-branch main --manifest-path k8s"
                " --gcp-project-id p"
            ),
        ),
        ("-snapshot=gcr.io/foo -use-service-account -snapshot-service-account= -snapshot-tag=", "snapshot gcr.io/foo"),
        (
            "-audit=false -manifest=m.yaml --server-side-only",
            "run --no-use-service-account --manifest m.yaml --server-side-only",
        ),
        ("-snapshot=gcr.io/foo -version", "version"),
        ("-version -snapshot gcr.io/foo -help", "--help"),
        ("-version", "version"),
        ("--version", "version"),
        ("-help", "--help"),
        (
            "-manifest=m.yaml -v=2 -logtostderr -vmodule=a=1 -stderrthreshold INFO",
            "run --no-use-service-account --manifest m.yaml --verbose",
        ),
        ("-manifest=m.yaml -v 4", "run --no-use-service-account --manifest m.yaml --verbose --verbose"),
        ("-manifest=m.yaml -v=0", "run --no-use-service-account --manifest m.yaml"),
        (
            "-manifest=m.yaml --endpoint gcr.io=http://localhost:5000 --server-side-only",
            "run --no-use-service-account --manifest m.yaml --endpoint gcr.io=http://localhost:5000 --server-side-only",
        ),
        (
            "-manifest=m.yaml --endpoint=gcr.io=http://x",
            "run --no-use-service-account --manifest m.yaml --endpoint=gcr.io=http://x",
        ),
        ("-manifest=a=b.yaml", "run --no-use-service-account --manifest a=b.yaml"),
    ],
)
def test_a_command_line_comes_to_todays(typed: str, today: str) -> None:
    arguments = shlex.split(typed)
    assert is_go_style(arguments)
    translation = translated(arguments, takes_value)
    assert shlex.join(translation.arguments) == today
    assert translation.warnings == ()


@pytest.mark.parametrize(
    ("typed", "today", "left_out"),
    [
        ("-audit -use-service-account", "audit serve", "-use-service-account"),
        ("-snapshot=gcr.io/foo -max-image-size=2048", "snapshot gcr.io/foo", "-max-image-size"),
        ("-snapshot=gcr.io/foo -parse-only", "snapshot gcr.io/foo", "-parse-only"),
        ("-snapshot=gcr.io/foo -manifest=m.yaml", "snapshot gcr.io/foo", "-manifest"),
        (
            "-manifest-based-snapshot-of=gcr.io/foo -manifest=m.yaml -minimal-snapshot",
            "snapshot --from-manifests --of gcr.io/foo --manifest m.yaml",
            "-minimal-snapshot",
        ),
        ("-audit -threads=10", "audit serve", "-threads"),
        ("-manifest=m.yaml -minimal-snapshot", "run --no-use-service-account --manifest m.yaml", "-minimal-snapshot"),
    ],
)
def test_a_flag_without_meaning_is_left_out_with_a_warning(typed: str, today: str, left_out: str) -> None:
    translation = translated(shlex.split(typed), takes_value)
    assert shlex.join(translation.arguments) == today
    assert translation.warnings == (f"{left_out} has no meaning here, and is left out",)


@pytest.mark.parametrize(
    ("typed", "today", "left_out"),
    [
        ("-manifest=m.yaml -key-files=a.json", "run --no-use-service-account --manifest m.yaml", "-key-files"),
        ("-snapshot=gcr.io/foo -key-files=a.json", "snapshot gcr.io/foo", "-key-files"),
        ("-snapshot=gcr.io/foo -snapshot-service-account=a@b.c", "snapshot gcr.io/foo", "-snapshot-service-account"),
    ],
)
def test_accounts_count_only_where_they_are_asked_for(typed: str, today: str, left_out: str) -> None:
    translation = translated(shlex.split(typed), takes_value)
    assert shlex.join(translation.arguments) == today
    assert translation.warnings == (f"{left_out} is left out: it needs -use-service-account",)


def test_an_image_size_that_is_not_positive_is_the_usual_one() -> None:
    translation = translated(["-manifest=m.yaml", "-max-image-size=0"], takes_value)
    assert translation.arguments[-2:] == ("--max-image-size", "2048")
    assert translation.warnings == ("-max-image-size is 0: 2048 MiB are allowed",)


def test_parsing_alone_promotes_nothing() -> None:
    translation = translated(["-manifest=m.yaml", "-parse-only", "-dry-run=false"], takes_value)
    assert "--confirm" not in translation.arguments


def test_looking_for_vulnerabilities_promotes_nothing_whatever_is_mixed_in() -> None:
    translation = translated(["-manifest=m.yaml", "-vuln-severity-threshold=3", "--confirm"], takes_value)
    assert "--confirm" not in translation.arguments
    assert translation.warnings == ("--confirm is left out: with -vuln-severity-threshold nothing is promoted",)


def test_an_unknown_output_format_is_yaml_with_a_warning() -> None:
    translation = translated(["-snapshot=gcr.io/foo", "-output-format=xml"], takes_value)
    assert translation.arguments == ("snapshot", "gcr.io/foo", "--output", "yaml")
    assert translation.warnings == ("output format 'xml' is unknown: YAML is written",)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("-dry-run=maybe -manifest=m.yaml", "Option '-dry-run' is 'maybe': expected true or false."),
        ("-manifest=m.yaml -threads=", "Option '-threads' is '': expected a number."),
        ("-manifest=m.yaml -v=x", "Option '-v' is 'x': expected a number."),
        ("-manifest=m.yaml -vuln-severity-threshold=high", "Option '-vuln-severity-threshold' is 'high'"),
    ],
)
def test_a_value_that_cannot_be_understood_is_told(typed: str, reason: str) -> None:
    with pytest.raises(click.UsageError, match=reason):
        translated(shlex.split(typed), takes_value)


@pytest.mark.parametrize("typed", ["", "run -v", "snapshot gcr.io/foo", "--help", "-h"])
def test_todays_command_lines_are_left_alone(typed: str) -> None:
    assert not is_go_style(shlex.split(typed))
