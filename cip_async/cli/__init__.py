"""The command line: one file per sub-command. It renders and decides nothing."""

import sys

from cip_async.cli.group import cip


def main() -> None:
    """Run `cip` with the arguments of this process, and exit with its code."""
    sys.exit(cip.main(standalone_mode=True))


__all__ = ["cip", "main"]
