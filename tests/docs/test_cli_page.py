"""The page about the command line tells of every command and option, and of no others."""

import re
from collections.abc import Iterator

import click
import pytest

from cip_async.cli import cip
from tests.docs.pages import PAGES, ROOT, blocks

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
ELSEWHERE = {"audit": "auditor.md", "fake-registry": "fake-registry.md"}
"""Commands that have a page of their own."""
SHARED = ("How to reach registries", "How to be told")


def commands() -> dict[str, click.Command]:
    context = click.Context(cip)
    found = {name: cip.get_command(context, name) for name in cip.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def options(command: click.Command) -> set[str]:
    """The options of a command; of a group, those of all its commands."""
    own = {name for each in command.params if isinstance(each, click.Option) for name in each.opts}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(options, below))


def section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def told(text: str) -> set[str]:
    """The options in the first column of tables."""
    cells = "".join(re.findall(r"^\| (`-.*?) \| ", text.replace(r"\|", ""), re.MULTILINE))
    return set(re.findall(r"`(--?[a-z-]+)", cells))


def test_every_command_has_its_section() -> None:
    assert set(re.findall(r"^## cip (\S+)$", PAGE, re.MULTILINE)) == commands().keys() - ELSEWHERE.keys()


@pytest.mark.parametrize("name", [name for name in commands() if name not in ELSEWHERE])
def test_every_option_is_told_and_no_other(name: str) -> None:
    own = section(PAGE, f"cip {name}")
    shared = "".join(section(PAGE, heading) for heading in SHARED) if "#how-to-reach-registries" in own else ""
    assert told(own + shared) == options(commands()[name])


@pytest.mark.parametrize(("name", "page"), ELSEWHERE.items())
def test_a_command_with_its_own_page_is_told_there(name: str, page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert set(re.findall(r"--[a-z-]+", text)) >= {option for option in options(commands()[name]) if option[:2] == "--"}


def shown_commands() -> Iterator[object]:
    """Every call of `cip` in a block of code, anywhere in the documentation."""
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("console", "sh"):
                for line in block.text.splitlines():
                    for call in re.findall(r"(?:^|[$;&|] +|/)cip ([a-z].*)", line):
                        yield pytest.param(call, id=f"{page.name}: {call}")


@pytest.mark.parametrize("call", list(shown_commands()))
def test_commands_that_are_shown_exist(call: str) -> None:
    name, _, rest = call.partition(" ")
    assert set(re.findall(r"(?:^| )(--?[a-z-]+)", rest)) <= options(commands()[name]) | {"--help"}
