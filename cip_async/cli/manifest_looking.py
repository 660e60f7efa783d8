"""What `cip manifest fmt` and `cip manifest lint` do, once their options are understood: no registry is asked."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from cip_async.cli.manifest_files import LIMITS, content_of, contents, rewrite
from cip_async.cli.screen import Screen
from cip_async.errors import InvalidManifests
from cip_async.manifests.canonical import canonical
from cip_async.manifests.kinds import Kind, kind_of, validated
from cip_async.manifests.lint import lint, torn
from cip_async.manifests.parse import parse
from cip_async.manifests.tree import read_manifests
from cip_async.model.promoter_manifest import Place, Problem, PromoterManifests
from cip_async.planning.overlaps import overlaps
from cip_async.planning.pairs import wanted_pairs
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.printable import printable


def format_all(paths: Iterable[Path], *, check: bool) -> ExitCode:
    """Format files, or with `check` only find those that would change, and name them; return what to exit with.

    Raises:
        InvalidManifests: files have problems; the others were formatted.
        FileProblem: a file cannot be read or written.
    """
    screen = Screen()
    problems: list[object] = []
    has_changed = False
    for path, content in _all(paths, problems):
        try:
            formatted = canonical(content, str(path))
        except InvalidManifests as error:
            problems += error.problems
            continue
        if formatted != content:
            has_changed = True
            if not check:
                rewrite(path, formatted)
            screen.result(printable(str(path)))
    if problems:
        raise InvalidManifests(tuple(problems))
    return ExitCode.WRONG if check and has_changed else ExitCode.DONE


def lint_all(paths: Iterable[Path]) -> ExitCode:
    """Tell everything that is wrong or odd, sorted by place; return what to exit with.

    Raises:
        FileProblem: a file cannot be read.
    """
    told = {finding for path in paths for finding in _findings(path)}
    Screen().results(printable(line) for _, line in sorted(told))
    return ExitCode.WRONG if told else ExitCode.DONE


def _all(paths: Iterable[Path], problems: list[object]) -> Iterator[tuple[Path, bytes]]:
    """All files with their content; what cannot be read in folders is added to `problems`."""
    for path in dict.fromkeys(paths):
        try:
            yield from contents(path)
        except InvalidManifests as error:
            problems += error.problems


def _findings(path: Path) -> Iterator[tuple[Place, str]]:
    if path.is_dir():
        yield from _of_manifests(read_manifests(thin_manifest_dir=path, strict=True))
        return
    root, problems = parse(content_of(path), str(path), LIMITS)
    if problems:
        yield from _lines(problems)
    elif kind_of(root) is Kind.PLAIN:
        yield from _of_manifests(read_manifests(manifest=path, strict=True))
    else:
        document = validated(root, str(path))
        yield from _lines((*document.problems, *lint(document.images), *torn(document.images)))


def _of_manifests(manifests: PromoterManifests) -> Iterator[tuple[Place, str]]:
    yield from _lines(manifests.problems)
    for overlap in overlaps(wanted_pairs(manifests)):
        yield overlap.second_place, str(overlap)
    for manifest in manifests.manifests:
        yield from _lines(lint(manifest.images))


def _lines(problems: Iterable[Problem]) -> Iterator[tuple[Place, str]]:
    for problem in problems:
        yield problem.place, str(problem)
