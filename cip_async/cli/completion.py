"""`cip completion`: what makes a shell complete commands and options."""

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script with which a shell completes cip.

    \b
    bash: in ~/.bashrc                      eval "$(cip completion bash)"
    zsh:  in ~/.zshrc, below compinit       eval "$(cip completion zsh)"
    fish: once         cip completion fish > ~/.config/fish/completions/cip.fish
    """  # noqa: D301 - the backslash is click's mark for lines that stay as they are
    root = ctx.find_root()
    script = SHELLS[shell](root.command, {}, prog_name="cip", complete_var="_CIP_COMPLETE")
    click.echo(script.source())
