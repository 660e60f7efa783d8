"""The file that `--report` names: complete or not there, and refused before the run rather than after it."""

import contextlib
import importlib.metadata
from collections.abc import Iterable, Iterator
from pathlib import Path

from cip_async.cli.whole_file import check_replaceable, whole_file
from cip_async.errors import FileProblem
from cip_async.model.report import Report
from cip_async.model.verification import Verification
from cip_async.reporting.exit_code import ExitCode


def check_writable(path: Path) -> None:
    """Make sure that a report can be written to `path` later.

    Raises:
        FileProblem: it cannot.
    """
    with _mapped(path):
        check_replaceable(path)


def write_report(path: Path, pieces: Iterable[str]) -> None:
    """Write the report; where it replaces a file, that happens when all of it is there.

    Raises:
        FileProblem: it cannot be written.
    """
    with _mapped(path), whole_file(path) as file:
        file.writelines(piece.encode() for piece in pieces)


def report_pieces(report: Report, code: ExitCode, *, all_edges: bool) -> Iterator[str]:
    """What the file says of a run that exits with `code`: one JSON document, or all edges as JSON Lines."""
    from cip_async.reporting.json_report import json_document, json_lines  # noqa: PLC0415 - most reports are no file

    write = json_lines if all_edges else json_document
    return write(report, exit_code=code, version=importlib.metadata.version("cip-async"))


def verification_pieces(verification: Verification, code: ExitCode) -> Iterator[str]:
    """What the file says of a verification that exits with `code`."""
    from cip_async.reporting.verification_json import verification_document  # noqa: PLC0415 - as above

    return verification_document(verification, exit_code=code, version=importlib.metadata.version("cip-async"))


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileProblem(str(path), f"the report cannot be written: {error.strerror or error}") from error
