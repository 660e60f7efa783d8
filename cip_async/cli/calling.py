"""From what was typed to the arguments of `cip`: old flags are translated, everything else stays."""

from collections.abc import Sequence

import click

from cip_async.cli.go_flags import COMMANDS, Mode
from cip_async.cli.go_style import is_go_style, translated
from cip_async.reporting.printable import printable


def arguments_of(typed: Sequence[str], root: click.Group) -> list[str]:
    """The arguments for `root`. What a user should know about a translation goes to stderr.

    Raises:
        click.UsageError: an old flag is unknown, lacks its value, or has a wrong one.
    """
    if not is_go_style(typed):
        return list(typed)

    def takes_value(mode: Mode, option: str) -> bool | None:
        return _takes_value(_command(root, COMMANDS[mode]), option)

    translation = translated(typed, takes_value)
    for warning in translation.warnings:
        click.echo(printable(f"warning: {warning}"), err=True)
    return list(translation.arguments)


def _command(root: click.Group, names: Sequence[str]) -> click.Command:
    command: click.Command = root
    for name in names:
        below = command.get_command(click.Context(command), name) if isinstance(command, click.Group) else None
        if below is None:
            raise click.UsageError(f"No such command: {' '.join(names)}")
        command = below
    return command


def _takes_value(command: click.Command, option: str) -> bool | None:
    for parameter in command.params:
        if isinstance(parameter, click.Option) and option in (*parameter.opts, *parameter.secondary_opts):
            return not (parameter.is_flag or parameter.count)
    return False if option in ("-h", "--help") else None
