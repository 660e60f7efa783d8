"""Command lines in the style of the Go promoter are read flag by flag."""

import shlex

import click
import pytest

from cip_async.cli.go_arguments import mode_of, read
from cip_async.cli.go_flags import Mode

TODAY = {"--endpoint": True, "--server-side-only": False}


def takes_value(mode: Mode, option: str) -> bool | None:
    return TODAY.get(option)


def pairs(typed: str) -> list[tuple[str, str]]:
    given = read(shlex.split(typed), takes_value)
    return [(each.flag.name, each.value) if each.flag else (" ".join(each.text), "") for each in given]


@pytest.mark.parametrize("typed", ["-threads=7", "--threads=7", "-threads 7", "--threads 7"])
def test_a_flag_is_written_in_four_ways(typed: str) -> None:
    assert pairs(typed) == [("threads", "7")]


def test_of_a_flag_that_is_given_twice_the_last_counts_in_its_place() -> None:
    assert pairs("-threads=7 -manifest=a.yaml -threads=8") == [("manifest", "a.yaml"), ("threads", "8")]


def test_options_of_today_are_all_kept() -> None:
    typed = "-manifest=m.yaml --endpoint a=b --endpoint=c=d --server-side-only"
    assert pairs(typed)[1:] == [("--endpoint a=b", ""), ("--endpoint=c=d", ""), ("--server-side-only", "")]


def test_an_empty_value_is_as_good_as_none_where_the_go_promoters_default_is_empty() -> None:
    assert pairs("-manifest= -snapshot= -key-files= -output-format= -threads=") == [
        ("output-format", ""),
        ("threads", ""),
    ]


@pytest.mark.parametrize(
    ("typed", "mode"),
    [
        ("-snapshot=gcr.io/foo -manifest-based-snapshot-of=gcr.io/bar", (Mode.SNAPSHOT, "gcr.io/foo")),
        ("-snapshot=gcr.io/foo -audit", (Mode.AUDIT, "")),
        ("-snapshot=gcr.io/foo -audit=false", (Mode.SNAPSHOT, "gcr.io/foo")),
        ("-audit -version -h", (Mode.HELP, "")),
        ("-manifest=m.yaml", (Mode.RUN, "")),
    ],
)
def test_of_the_flags_that_choose_the_command_one_counts(typed: str, mode: tuple[Mode, str]) -> None:
    assert mode_of(read(shlex.split(typed), takes_value)) == mode


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("-manifest", "Option '-manifest' requires an argument."),
        ("-manifest=m.yaml --nonsense=1", "No such option: --nonsense"),
        ("-manifest=m.yaml more", r"Got unexpected extra argument \(more\)"),
        ("-manifest=m.yaml -dry-run false", r"Got unexpected extra argument \(false\)"),
        ("-manifest=m.yaml --", r"Got unexpected extra argument \(--\)"),
        ("-manifest=m.yaml --endpoint", "Option '--endpoint' requires an argument."),
    ],
)
def test_what_cannot_be_understood_is_told(typed: str, reason: str) -> None:
    with pytest.raises(click.UsageError, match=reason):
        read(shlex.split(typed), takes_value)
