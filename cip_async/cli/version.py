"""`cip version`: which version of the promoter this is, and on what it runs."""

import importlib.metadata
import platform

import click


@click.command()
def version() -> None:
    """Print the version of cip, and of Python."""
    click.echo(f"cip {importlib.metadata.version('cip-async')} (Python {platform.python_version()})")
