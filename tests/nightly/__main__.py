"""Print the table of a nightly run from the lines that it noted; with --write-docs, put it into the documentation."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from tests.nightly.page import NotForThePage, with_run
from tests.nightly.suites import ROOT
from tests.nightly.table import table

PAGE: Final = ROOT / "docs" / "reliability.md"


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.nightly", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lines", type=Path, help="the file that CIP_TALLY named")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/reliability.md, too")
    arguments = parser.parse_args()
    lines = [json.loads(line) for line in arguments.lines.read_text(encoding="utf-8").splitlines()]
    tests = [line for line in lines if "test" in line]
    sys.stdout.write(table(tests))
    if arguments.write_docs:
        run = next((line for line in lines if "test" not in line), None)
        try:
            PAGE.write_text(with_run(PAGE.read_text(encoding="utf-8"), tests, run), encoding="utf-8")
        except NotForThePage as reason:
            sys.exit(f"docs/reliability.md stays as it is: {reason}")


if __name__ == "__main__":
    main()
