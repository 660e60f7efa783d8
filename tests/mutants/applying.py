"""One mutation applied to the text of its file."""

from tests.mutants.guards import Mutation


class Stale(ValueError):
    """The text that a mutation replaces is not in its file exactly once: the list must follow the source."""


def applied(mutation: Mutation, text: str) -> str:
    """`text` without the guard.

    Raises:
        Stale: it is not there exactly once.
    """
    found = text.count(mutation.old)
    if found != 1:
        raise Stale(f"{mutation.guard}: {mutation.old!r} is {found} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)
