"""All that is fuzzed, in one table, which Hypothesis and atheris both go through."""

from typing import Final

from tests.fuzz import command_line, credential_files, promoter_yaml, references, registry_answers
from tests.fuzz.target import Target

TARGETS: Final[tuple[Target, ...]] = (
    *promoter_yaml.TARGETS,
    *registry_answers.TARGETS,
    *references.TARGETS,
    *credential_files.TARGETS,
    *command_line.TARGETS,
)


def share(target: Target, inputs: int) -> int:
    """How many of `inputs` are for `target`; rounded up, so that together there are no fewer."""
    return -(-inputs * target.weight // sum(each.weight for each in TARGETS))
