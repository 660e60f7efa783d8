"""The flags of the Go promoter, translated into today's commands, so that old job definitions work as they are; pure.

A command line whose first argument is a flag is written in that style: `cip -thin-manifest-dir=DIR -dry-run=false`.
One dash or two, `=` or a space. What is not in the table below is an option of the command that it comes to, and is
handed on.

The flags: https://github.com/kubernetes-sigs/promo-tools/tree/v2.4.1 (`cip.go`). Those of klog, its logging library:
https://pkg.go.dev/k8s.io/klog#section-readme.
"""

import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, assert_never

import attrs
import click

from cip_async.checks.names import USUAL_LIMIT_MIB


class Mode(enum.Enum):
    """What a command line asks for as a whole."""

    RUN = "run"
    SNAPSHOT = "snapshot"
    WANTED_SNAPSHOT = "manifest-based snapshot"
    AUDIT = "audit"
    VERSION = "version"
    HELP = "help"


class Meaning(enum.Enum):
    """What becomes of a flag that does not simply have another name today."""

    SWITCH = "switch"
    """On or off; handed on as the option if it is on."""
    VALUE = "value"
    """Handed on with its value; one that is empty, which is what all are by default, was not given."""
    MODE = "mode"
    """Chooses the command."""
    DRY_RUN = "dry-run"
    FORMAT = "format"
    SEVERITY = "severity"
    IMAGE_SIZE = "image-size"
    NUMBER = "number"
    VERBOSITY = "verbosity"
    IGNORED_SWITCH = "ignored switch"
    """Accepted and without effect: klog's."""
    IGNORED_VALUE = "ignored value"
    ACCOUNT = "account"
    """Says as which service account, which counts only along with `-use-service-account`."""
    ACCOUNTS_USED = "accounts used"
    """Off unless it is given; today it is on unless it is denied."""


@attrs.frozen
class Flag:
    """One flag of the Go promoter: what it means, and the option or command it is today."""

    name: str
    meaning: Meaning
    today: str
    modes: frozenset[Mode] = frozenset(Mode)
    """Where it says something; elsewhere it is accepted, and without effect."""


_RUN: Final = frozenset({Mode.RUN})
_ASKING: Final = frozenset({Mode.RUN, Mode.SNAPSHOT})
_SNAPSHOT: Final = frozenset({Mode.SNAPSHOT})
_READING: Final = frozenset({Mode.RUN, Mode.WANTED_SNAPSHOT})
_LISTING: Final = frozenset({Mode.SNAPSHOT, Mode.WANTED_SNAPSHOT})
_TALKING: Final = frozenset({Mode.RUN, Mode.SNAPSHOT, Mode.WANTED_SNAPSHOT})
_AUDIT: Final = frozenset({Mode.AUDIT})

FLAGS: Final = (
    Flag("manifest", Meaning.VALUE, "--manifest", _READING),
    Flag("thin-manifest-dir", Meaning.VALUE, "--thin-manifest-dir", _READING),
    Flag("dry-run", Meaning.DRY_RUN, "--confirm", _RUN),
    Flag("parse-only", Meaning.SWITCH, "--parse-only", _RUN),
    Flag("threads", Meaning.NUMBER, "--threads", _ASKING),
    Flag("json-log-summary", Meaning.SWITCH, "--log-format json", _TALKING),
    Flag("key-files", Meaning.ACCOUNT, "--key-files", _ASKING),
    Flag("use-service-account", Meaning.ACCOUNTS_USED, "--use-service-account", _ASKING),
    Flag("max-image-size", Meaning.IMAGE_SIZE, "--check image-size --max-image-size", _RUN),
    Flag("vuln-severity-threshold", Meaning.SEVERITY, "--check vulnerabilities --vuln-severity-threshold", _RUN),
    Flag("snapshot", Meaning.MODE, "cip snapshot REGISTRY"),
    Flag("manifest-based-snapshot-of", Meaning.MODE, "cip snapshot --from-manifests --of"),
    Flag("output-format", Meaning.FORMAT, "--output", _LISTING),
    Flag("minimal-snapshot", Meaning.SWITCH, "--minimal", _SNAPSHOT),
    Flag("snapshot-tag", Meaning.VALUE, "--tag", _SNAPSHOT),
    Flag("snapshot-service-account", Meaning.ACCOUNT, "--service-account", _SNAPSHOT),
    Flag("audit", Meaning.MODE, "cip audit serve"),
    Flag("audit-manifest-repo-url", Meaning.VALUE, "--manifest-repo-url", _AUDIT),
    Flag("audit-manifest-repo-branch", Meaning.VALUE, "--manifest-repo-branch", _AUDIT),
    Flag("audit-manifest-path", Meaning.VALUE, "--manifest-path", _AUDIT),
    Flag("audit-gcp-project-id", Meaning.VALUE, "--gcp-project-id", _AUDIT),
    Flag("version", Meaning.MODE, "cip version"),
    Flag("help", Meaning.MODE, "cip --help"),
    Flag("h", Meaning.MODE, "cip --help"),
    Flag("v", Meaning.VERBOSITY, "--verbose", _TALKING),
    *(
        Flag(name, Meaning.IGNORED_SWITCH, "")
        for name in (
            *("logtostderr", "alsologtostderr", "skip_headers", "skip_log_headers", "add_dir_header", "one_output"),
            "legacy_stderr_threshold_behavior",
        )
    ),
    *(
        Flag(name, Meaning.IGNORED_VALUE, "")
        for name in ("stderrthreshold", "vmodule", "log_dir", "log_file", "log_file_max_size", "log_backtrace_at")
    ),
)
"""Every flag of the Go promoter."""

_BY_NAME: Final = {flag.name: flag for flag in FLAGS}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""How Go writes truth values: https://pkg.go.dev/strconv#ParseBool."""
_SWITCHES: Final = frozenset({Meaning.SWITCH, Meaning.DRY_RUN, Meaning.ACCOUNTS_USED, Meaning.IGNORED_SWITCH})
_FORMATS: Final = ("yaml", "csv")
_MODES: Final = {
    "help": Mode.HELP,
    "h": Mode.HELP,
    "version": Mode.VERSION,
    "audit": Mode.AUDIT,
    "snapshot": Mode.SNAPSHOT,
    "manifest-based-snapshot-of": Mode.WANTED_SNAPSHOT,
}
"""The flags that choose the command; of several, the first of these counts, wherever it stands."""
_MANY: Final = 4
"""The klog verbosity from which libraries are logged too."""

TakesValue = Callable[[Mode, str], bool | None]
"""Whether an option of a command, with its dashes, takes a value; None where the command has no such option."""


@attrs.frozen(kw_only=True)
class Translation:
    """Today's command line, and what the user should know about it."""

    arguments: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def is_go_style(arguments: Sequence[str]) -> bool:
    """Whether a command line is written in the style of the Go promoter: its first argument is a flag.

    Its later versions take the same flags after `run`, of which today's `run` has no snapshots.
    """
    if arguments[:1] == ["run"]:
        return any(each.startswith("-") and _name_in(each) in _WITH_SUBJECT for each in arguments)
    return bool(arguments) and arguments[0].startswith("-") and arguments[0] not in ("--help", "-h")


def translated(arguments: Sequence[str], takes_value: TakesValue) -> Translation:
    """The same as today's command line.

    Raises:
        click.UsageError: a flag is unknown, lacks its value, or has a wrong one.
    """
    flags = arguments[1:] if arguments[0] == "run" else arguments
    given = _settled(_given(flags, takes_value))
    mode, subject = _mode(given)
    return _Translator(given).translation(mode, subject)


@attrs.frozen
class _Given:
    """One flag as it was given; `flag` is None for an option of today's, handed on as `text`."""

    flag: Flag | None
    value: str
    text: tuple[str, ...] = ()


def _given(arguments: Sequence[str], takes_value: TakesValue) -> Iterator[_Given]:
    mode = _expected_mode(arguments)
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.lstrip("-").partition("=")
        if not argument.startswith("-") or not name:
            raise click.UsageError(f"Got unexpected extra argument ({argument})")
        flag = _BY_NAME.get(name)
        if flag is None:
            takes = takes_value(mode, argument.partition("=")[0])
            if takes is None:
                raise click.UsageError(f"No such option: {argument.partition('=')[0]}")
            text = (argument,) if equals or not takes else (argument, _next(rest, argument))
            yield _Given(None, "", text)
        elif equals:
            yield _Given(flag, value)
        elif flag.meaning in _SWITCHES or (flag.meaning is Meaning.MODE and name not in _WITH_SUBJECT):
            yield _Given(flag, "true")
        else:
            yield _Given(flag, _next(rest, argument))


def _settled(given: Iterable[_Given]) -> tuple[_Given, ...]:
    """Of flags that are given several times the last, and without those that are given empty."""
    last: dict[object, _Given] = {}
    for number, each in enumerate(given):
        key = number if each.flag is None else each.flag.name
        last.pop(key, None)
        last[key] = each
    return tuple(each for each in last.values() if each.value or each.flag is None or not _may_be_empty(each.flag))


def _may_be_empty(flag: Flag) -> bool:
    return flag.meaning in (Meaning.VALUE, Meaning.ACCOUNT) or flag.name in _WITH_SUBJECT


_WITH_SUBJECT: Final = frozenset({"snapshot", "manifest-based-snapshot-of"})


def _name_in(argument: str) -> str:
    return argument.lstrip("-").partition("=")[0]


def _next(rest: Iterator[str], argument: str) -> str:
    value = next(rest, None)
    if value is None:
        raise click.UsageError(f"Option '{argument}' requires an argument.")
    return value


def _expected_mode(arguments: Sequence[str]) -> Mode:
    """The mode, told by the names of flags alone, so that it is known whose options the others are."""
    denied = tuple(f"={value}" for value in _FALSE)
    asked = {_name_in(each) for each in arguments if each.startswith("-") and not each.endswith(("=", *denied))}
    return next((mode for name, mode in _MODES.items() if name in asked), Mode.RUN)


def _mode(given: Sequence[_Given]) -> tuple[Mode, str]:
    asked = {each.flag.name: each for each in given if each.flag is not None}
    for name, mode in _MODES.items():
        each = asked.get(name)
        if each is not None and name in _WITH_SUBJECT:
            return mode, each.value
        if each is not None and _truth(each):
            return mode, ""
    return Mode.RUN, ""


class _Translator:
    """Translates one command line, flag by flag."""

    def __init__(self, given: Sequence[_Given]) -> None:
        self._given = given
        self._warnings: list[str] = []

    def translation(self, mode: Mode, subject: str) -> Translation:
        """The whole of it."""
        command: tuple[str, ...]
        match mode:
            case Mode.HELP:
                return Translation(arguments=("--help",))
            case Mode.VERSION:
                return Translation(arguments=("version",))
            case Mode.SNAPSHOT:
                command = ("snapshot", subject)
            case Mode.WANTED_SNAPSHOT:
                command = ("snapshot", "--from-manifests", "--of", subject)
            case Mode.AUDIT:
                command = ("audit", "serve")
            case Mode.RUN:
                command = ("run", *self._run_options())
            case _:
                assert_never(mode)
        options = [text for each in self._given if self._applies(each, mode) for text in self._options(each)]
        return Translation(arguments=(*command, *options), warnings=tuple(self._warnings))

    def _applies(self, given: _Given, mode: Mode) -> bool:
        if given.flag is None:
            if given.text[0] == "--confirm" and self._only_checks:
                self._warnings.append("--confirm is left out: with -vuln-severity-threshold nothing is promoted")
                return False
            return True
        if mode in given.flag.modes:
            return True
        self._warnings.append(f"-{given.flag.name} has no meaning here, and is left out")
        return False

    @property
    def _only_checks(self) -> bool:
        """Whether vulnerabilities are looked for, which the Go promoter does instead of promoting."""
        return any(
            each.flag is not None and each.flag.meaning is Meaning.SEVERITY and _number(each) >= 0
            for each in self._given
        )

    @property
    def _uses_accounts(self) -> bool:
        """Whether service accounts are used, rather than whoever is here."""
        return any(
            each.flag is not None and each.flag.meaning is Meaning.ACCOUNTS_USED and _truth(each)
            for each in self._given
        )

    def _run_options(self) -> Iterator[str]:
        """What follows from flags that were not given: ambient credentials, and no write."""
        values = {each.flag.name: each for each in self._given if each.flag is not None}
        dry = values.get("dry-run")
        parsing = "parse-only" in values and _truth(values["parse-only"])
        if dry is not None and not _truth(dry) and not self._only_checks and not parsing:
            yield "--confirm"
        if not self._uses_accounts:
            yield "--no-use-service-account"

    def _options(self, given: _Given) -> Sequence[str]:
        flag = given.flag
        if flag is None:
            return given.text
        match flag.meaning:
            case Meaning.SWITCH:
                return flag.today.split(" ") if _truth(given) else ()
            case Meaning.VALUE:
                return (flag.today, given.value)
            case Meaning.FORMAT:
                return ("--output", self._format(given.value))
            case Meaning.NUMBER:
                return (flag.today, str(_number(given)))
            case Meaning.ACCOUNT:
                return (flag.today, given.value) if self._may_use(flag) else ()
            case Meaning.IMAGE_SIZE:
                return (*flag.today.split(" "), str(self._image_size(given)))
            case Meaning.SEVERITY:
                return (*flag.today.split(" "), given.value) if _number(given) >= 0 else ()
            case Meaning.VERBOSITY:
                return ("--verbose",) * min(_number(given), 1) + ("--verbose",) * (_number(given) >= _MANY)
            case Meaning.MODE | Meaning.DRY_RUN | Meaning.ACCOUNTS_USED:
                return ()
            case Meaning.IGNORED_SWITCH | Meaning.IGNORED_VALUE:
                return ()
            case _:
                assert_never(flag.meaning)

    def _may_use(self, flag: Flag) -> bool:
        if not self._uses_accounts:
            self._warnings.append(f"-{flag.name} is left out: it needs -use-service-account")
        return self._uses_accounts

    def _image_size(self, given: _Given) -> int:
        size_mib = _number(given)
        if size_mib > 0:
            return size_mib
        self._warnings.append(f"-max-image-size is {size_mib}: {USUAL_LIMIT_MIB} MiB are allowed")
        return USUAL_LIMIT_MIB

    def _format(self, value: str) -> str:
        if value.lower() in _FORMATS:
            return value.lower()
        self._warnings.append(f"output format {value!r} is unknown: YAML is written")
        return "yaml"


def _truth(given: _Given) -> bool:
    if given.value in _TRUE:
        return True
    if given.value in _FALSE:
        return False
    raise click.UsageError(f"Option '-{_name(given)}' is {given.value!r}: expected true or false.")


def _number(given: _Given) -> int:
    try:
        return int(given.value)
    except ValueError as error:
        raise click.UsageError(f"Option '-{_name(given)}' is {given.value!r}: expected a number.") from error


def _name(given: _Given) -> str:
    return given.flag.name if given.flag else given.text[0]


COMMANDS: Final[Mapping[Mode, tuple[str, ...]]] = {
    Mode.RUN: ("run",),
    Mode.SNAPSHOT: ("snapshot",),
    Mode.WANTED_SNAPSHOT: ("snapshot",),
    Mode.AUDIT: ("audit", "serve"),
    Mode.VERSION: ("version",),
    Mode.HELP: (),
}
"""The command that each mode comes to."""
