"""The flags of the Go promoter, translated into today's commands, so that old job definitions work as they are; pure.

A command line whose first argument is a flag is written in that style: `cip -thin-manifest-dir=DIR -dry-run=false`.
"""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

import attrs

from cip_async.checks.names import USUAL_LIMIT_MIB
from cip_async.cli.go_arguments import Given, TakesValue, asks_for_subject, mode_of, read
from cip_async.cli.go_flags import Flag, Meaning, Mode

_FORMATS: Final = ("yaml", "csv")
_MANY: Final = 4
"""The klog verbosity from which libraries are logged too."""


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
        return asks_for_subject(arguments)
    return bool(arguments) and arguments[0].startswith("-") and arguments[0] not in ("--help", "-h")


def translated(arguments: Sequence[str], takes_value: TakesValue) -> Translation:
    """The same as today's command line.

    Raises:
        click.UsageError: a flag is unknown, lacks its value, or has a wrong one.
    """
    flags = arguments[1:] if arguments[0] == "run" else arguments
    given = read(flags, takes_value)
    mode, subject = mode_of(given)
    return _Translator(given).translation(mode, subject)


class _Translator:
    """Translates one command line, flag by flag."""

    def __init__(self, given: Sequence[Given]) -> None:
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

    def _applies(self, given: Given, mode: Mode) -> bool:
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
            each.flag is not None and each.flag.meaning is Meaning.SEVERITY and each.number >= 0 for each in self._given
        )

    @property
    def _uses_accounts(self) -> bool:
        """Whether service accounts are used, rather than whoever is here."""
        return any(
            each.flag is not None and each.flag.meaning is Meaning.ACCOUNTS_USED and each.truth for each in self._given
        )

    def _run_options(self) -> Iterator[str]:
        """What follows from flags that were not given: ambient credentials, and no write."""
        values = {each.flag.name: each for each in self._given if each.flag is not None}
        dry = values.get("dry-run")
        parsing = "parse-only" in values and values["parse-only"].truth
        if dry is not None and not dry.truth and not self._only_checks and not parsing:
            yield "--confirm"
        if not self._uses_accounts:
            yield "--no-use-service-account"

    def _options(self, given: Given) -> Sequence[str]:
        flag = given.flag
        if flag is None:
            return given.text
        match flag.meaning:
            case Meaning.SWITCH:
                return flag.today.split(" ") if given.truth else ()
            case Meaning.VALUE:
                return (flag.today, given.value)
            case Meaning.FORMAT:
                return ("--output", self._format(given.value))
            case Meaning.NUMBER:
                return (flag.today, str(given.number))
            case Meaning.ACCOUNT:
                return (flag.today, given.value) if self._may_use(flag) else ()
            case Meaning.IMAGE_SIZE:
                return (*flag.today.split(" "), str(self._image_size(given)))
            case Meaning.SEVERITY:
                return (*flag.today.split(" "), given.value) if given.number >= 0 else ()
            case Meaning.VERBOSITY:
                return ("--verbose",) * min(given.number, 1) + ("--verbose",) * (given.number >= _MANY)
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

    def _image_size(self, given: Given) -> int:
        size_mib = given.number
        if size_mib > 0:
            return size_mib
        self._warnings.append(f"-max-image-size is {size_mib}: {USUAL_LIMIT_MIB} MiB are allowed")
        return USUAL_LIMIT_MIB

    def _format(self, value: str) -> str:
        if value.lower() in _FORMATS:
            return value.lower()
        self._warnings.append(f"output format {value!r} is unknown: YAML is written")
        return "yaml"
