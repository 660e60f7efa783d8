"""The command line: one file per sub-command. It renders and decides nothing."""

import io
import sys

from cip_async.cli.group import cip


def main() -> None:
    """Run `cip` with the arguments of this process, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character gets its escape
    cip.main(prog_name="cip")


__all__ = ["cip", "main"]
