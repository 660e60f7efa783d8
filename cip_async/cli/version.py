"""`cip version`: which version of the promoter this is, from which commit, and on what it runs."""

import importlib.metadata
import platform

import click

from cip_async.cli.origin import origin


@click.command()
def version() -> None:
    """Print the version of cip and Python, and the commit.

    The commit and its date are left out where they are not known. A commit that ends in "-dirty" had changed files on
    top.
    """
    click.echo(f"cip {importlib.metadata.version('cip-async')} (Python {platform.python_version()})")
    known = origin()
    if known is not None:
        click.echo(f"commit {known.commit}")
        if known.date is not None:
            click.echo(f"date {known.date}")
