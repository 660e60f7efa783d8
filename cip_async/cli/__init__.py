"""The command line: one file per sub-command. It renders and decides nothing."""

import io
import sys

import click

from cip_async.cli.calling import arguments_of
from cip_async.cli.garbage import collect_rarely
from cip_async.cli.group import cip
from cip_async.cli.logs import show_crashes_without_secrets


def main() -> None:
    """Run `cip` with the arguments of this process, and exit with its code."""
    _prepare()
    try:
        arguments = arguments_of(sys.argv[1:], cip)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    cip.main(args=arguments, prog_name="cip")


def auditor() -> None:
    """Run `cip audit serve` with the arguments of this process, and exit with its code."""
    _prepare()
    cip.main(args=["audit", "serve", *sys.argv[1:]], prog_name="cip")


def _prepare() -> None:
    collect_rarely()  # before most modules are loaded
    show_crashes_without_secrets()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character gets its escape


__all__ = ["auditor", "cip", "main"]
