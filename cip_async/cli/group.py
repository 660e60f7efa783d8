"""`cip` itself: the sub-commands, loaded when they are called, and how errors end a run."""

import importlib
import logging
from typing import Final, NoReturn

import click

from cip_async.errors import CipError, InvalidManifests, InvalidReference, InvalidSettings, RegistryError
from cip_async.reporting.counted import counted
from cip_async.reporting.exit_code import ExitCode
from cip_async.reporting.printable import printable

log = logging.getLogger(__name__)

_COMMANDS: Final = {
    "run": "cip_async.cli.run:run",
    "verify": "cip_async.cli.verify:verify",
    "snapshot": "cip_async.cli.snapshot:snapshot",
    "diff": "cip_async.cli.diff:diff",
    "doctor": "cip_async.cli.doctor:doctor",
    "manifest": "cip_async.cli.manifest:manifest",
    "demo": "cip_async.cli.demo:demo",
    "audit": "cip_async.cli.audit:audit",
    "fake-registry": "cip_async.cli.fake_registry:fake_registry",
    "completion": "cip_async.cli.completion:completion",
    "version": "cip_async.cli.version:version",
}


class SubCommands(click.Group):
    """Loads a sub-command's module when it is needed, and turns deliberate errors into their sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The sub-commands, in the order a user meets them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-command of that name, or None."""
        del ctx
        target = _COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, name = target.partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> object:
        """Run the sub-command; a deliberate error becomes its sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except CipError as error:
            log.debug("ended by %s", type(error).__name__, exc_info=error)
            _end(error)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(ExitCode.INTERRUPTED) from None


@click.group(
    cls=SubCommands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.pass_context
def cip(context: click.Context) -> None:
    """Promote container images from a staging registry to production mirrors.

    What to promote is declared in YAML promoter manifests, by digest, with tags.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _end(error: CipError) -> NoReturn:
    problems = error.problems if isinstance(error, InvalidManifests) else (error,)
    for line in counted((printable(str(problem)) for problem in problems), "problem"):
        click.echo(line, err=True)
    raise click.exceptions.Exit(_exit_code(error)) from None


def _exit_code(error: CipError) -> ExitCode:
    match error:
        case InvalidSettings() | InvalidReference():
            return ExitCode.USAGE
        case RegistryError():
            return ExitCode.PARTLY
        case _:
            return ExitCode.WRONG
