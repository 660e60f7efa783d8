"""Options that several sub-commands share: where registries are, how to log, whether to show progress."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from cip_async.cli.duration import timeout_s
from cip_async.cli.logs import LogFormat, configure
from cip_async.cli.progress_mode import ProgressMode
from cip_async.cli.screen import Screen
from cip_async.errors import CipError
from cip_async.reference import parse_host
from cip_async.registry.listing.strategy import Strategy
from cip_async.settings import Rate

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FILE: Final = click.Path(dir_okay=False, path_type=Path)
EXISTING_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
EXISTING_DIRECTORY: Final = click.Path(exists=True, file_okay=False, path_type=Path)

_TALKATIVE: Final = 2
_STRATEGIES: Final = tuple(strategy.value for strategy in Strategy)


@attrs.frozen(kw_only=True)
class Connection:
    """How to reach registries."""

    threads: int
    endpoints: Mapping[str, str]
    strategies: Mapping[str, str]
    ca_cert: Path | None
    docker_config: Path | None
    key_files: tuple[Path, ...] = ()
    rates: Mapping[str, Rate] = attrs.field(factory=dict)
    use_service_accounts: bool = True


@attrs.frozen(kw_only=True)
class Telling:
    """How to tell what goes on."""

    log_format: LogFormat
    progress: ProgressMode
    verbosity: int

    def screen(self) -> Screen:
        """Set logging up, and return the screen that it writes to.

        Where bars show the progress, the log leaves the changes to them: it begins with warnings.
        """
        screen = Screen()
        usual = logging.WARNING if self.progress.bars else logging.INFO
        level = max(logging.DEBUG, usual - 10 * self.verbosity)
        configure(screen, self.log_format, level, foreign=self.verbosity >= _TALKATIVE)
        return screen


def access_options(command: Decorated) -> Decorated:
    """Add the options that lead to registries: where they are, whom to trust, which credentials to use."""
    return _all_of(
        click.option(
            "--endpoint",
            "endpoints",
            multiple=True,
            callback=_endpoints,
            metavar="HOST=URL",
            help="Send what is meant for HOST to URL. Repeatable.",
        ),
        click.option(
            "--ca-cert", type=EXISTING_FILE, metavar="FILE", help="Trust these certificate authorities too (PEM)."
        ),
        click.option(
            "--docker-config",
            type=EXISTING_FILE,
            metavar="FILE",
            help="Take credentials from this file instead of Docker's own config.json.",
        ),
    )(command)


def connection_options(command: Decorated) -> Decorated:
    """Add the options of which `connection` makes a `Connection`."""
    return _all_of(
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            default=64,
            show_default=True,
            metavar="N",
            help="Requests in flight per host, at most.",
        ),
        click.option(
            "--rate",
            "rates",
            multiple=True,
            callback=_rates,
            metavar="HOST=READS/WRITES",
            help="Requests a minute to HOST, at most, as in gcr.io=5000/1000; either may be left out. Without it,"
            " Google's registries get what they document, others what they turn out to grant. Repeatable.",
        ),
        access_options,
        click.option(
            "--listing",
            "strategies",
            multiple=True,
            callback=_strategies,
            metavar="HOST=HOW",
            help=f"List HOST in this way, {' or '.join(_STRATEGIES)}, where its name does not tell. Repeatable.",
        ),
        click.option(
            "--key-files",
            multiple=True,
            callback=_files,
            metavar="FILE[,FILE…]",
            help="Key files of Google service accounts; each is used for the account that it is of. Repeatable.",
        ),
    )(command)


def account_option(command: Decorated) -> Decorated:
    """Add the option as which service account registries are read."""
    return click.option("--service-account", metavar="ACCOUNT", help="Read as this Google service account.")(command)


def manifest_options(command: Decorated) -> Decorated:
    """Add the options that name promoter manifests, a plain one or a folder of thin ones."""
    return _all_of(
        click.option("--manifest", type=EXISTING_FILE, metavar="FILE", help="A plain promoter manifest."),
        click.option(
            "--thin-manifest-dir",
            type=EXISTING_DIRECTORY,
            metavar="DIR",
            help="A folder of thin promoter manifests: manifests/*/promoter-manifest.yaml and images/*/images.yaml.",
        ),
    )(command)


def only_option(command: Decorated) -> Decorated:
    """Add the filter of image names."""
    return click.option(
        "--only", multiple=True, metavar="NAME", help="Only images whose name matches. A glob, repeatable."
    )(command)


def to_option(command: Decorated) -> Decorated:
    """Add the filter of destinations."""
    return click.option(
        "--to",
        multiple=True,
        metavar="HOST",
        help="Only destinations whose host or registry matches this glob. Repeatable.",
    )(command)


def timeout_option(command: Decorated) -> Decorated:
    """Add the option that ends a run when it has taken too long."""
    return click.option(
        "--timeout",
        "timeout_s",
        callback=timeout_s,
        metavar="DURATION",
        help="End the run in good order when it has taken this long: 30m, 2h, or seconds.",
    )(command)


def accounts_option(command: Decorated) -> Decorated:
    """Add the option whether the service accounts that promoter manifests name are used."""
    return click.option(
        "--use-service-account/--no-use-service-account",
        default=True,
        show_default=True,
        help="Use the service accounts of the promoter manifests, or only the credentials that are here anyway.",
    )(command)


def telling_options(command: Decorated) -> Decorated:
    """Add the options of which `telling` makes a `Telling`."""
    return _all_of(
        click.option(
            "--log-format",
            type=click.Choice([each.value for each in LogFormat]),
            default=LogFormat.TEXT.value,
            show_default=True,
            help="How the log on stderr looks.",
        ),
        click.option(
            "--progress",
            type=click.Choice([each.value for each in ProgressMode]),
            default=ProgressMode.AUTO.value,
            show_default=True,
            help="Bars on a terminal and a line every 30 s elsewhere; always bars; or neither.",
        ),
        click.option("-v", "--verbose", "verbosity", count=True, help="Log more; twice: also what libraries log."),
    )(command)


def connection(options: dict[str, Any]) -> Connection:
    """Take the connection's options out of `options`."""
    return Connection(
        threads=options.pop("threads"),
        endpoints=options.pop("endpoints"),
        strategies=options.pop("strategies"),
        rates=options.pop("rates"),
        ca_cert=options.pop("ca_cert"),
        docker_config=options.pop("docker_config"),
        key_files=options.pop("key_files"),
        use_service_accounts=options.pop("use_service_account", True),
    )


def refuse_useless_keys(options: dict[str, Any]) -> None:
    """Refuse key files of accounts that are not used.

    Raises:
        click.UsageError: there are some.
    """
    if options["key_files"] and not options.get("use_service_account", True):
        raise click.UsageError("--key-files are for service accounts: --no-use-service-account leaves those out.")
    if options["key_files"] and "service_account" in options and not options["service_account"]:
        raise click.UsageError("--key-files are for the account that --service-account names.")


def telling(options: dict[str, Any]) -> Telling:
    """Take the telling's options out of `options`."""
    return Telling(
        log_format=LogFormat(options.pop("log_format")),
        progress=ProgressMode(options.pop("progress")),
        verbosity=options.pop("verbosity"),
    )


def _all_of(*decorators: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def _files(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Path, ...]:
    files = (name for value in values for name in value.split(","))
    return tuple(Path(EXISTING_FILE.convert(name, parameter, context)) for name in files if name)


def _endpoints(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, str]:
    del context
    return _by_host(parameter, values, "HOST=URL, such as gcr.io=http://localhost:5000", "endpoints")


def _strategies(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, str]:
    del context
    expected = f"HOST={' or HOST='.join(_STRATEGIES)}"
    strategies = _by_host(parameter, values, expected, "ways of listing")
    for host, strategy in strategies.items():
        if strategy not in _STRATEGIES:
            raise click.BadParameter(f"'{host}={strategy}' is not {expected}", param=parameter)
    return strategies


def _rates(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, Rate]:
    del context
    expected = "HOST=READS/WRITES in requests a minute, such as gcr.io=5000/1000 or gcr.io=5000/"
    rates: dict[str, Rate] = {}
    for host, text in _by_host(parameter, values, expected, "rates").items():
        try:
            rates[parse_host(host)] = _rate(text)
        except (ValueError, CipError) as error:
            raise click.BadParameter(f"'{host}={text}' is not {expected}", param=parameter) from error
    return rates


def _rate(text: str) -> Rate:
    reads, slash, writes = text.partition("/")
    if not slash or not (reads or writes):
        raise ValueError("a side is missing")
    return Rate(reads_per_minute=float(reads) if reads else None, writes_per_minute=float(writes) if writes else None)


def _by_host(parameter: click.Parameter, values: tuple[str, ...], expected: str, noun: str) -> dict[str, str]:
    """What was said of each host, in the form `HOST=SOMETHING`."""
    said: dict[str, str] = {}
    for value in values:
        host, equals, something = value.partition("=")
        if not (host and equals and something):
            shown = "what has a user name" if "@" in value else repr(value)
            raise click.BadParameter(f"{shown} is not {expected}", param=parameter)
        if said.setdefault(host, something) != something:
            raise click.BadParameter(f"{host} has two {noun}", param=parameter)
    return said
