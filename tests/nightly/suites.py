"""The suites of the nightly run: which tests each has, and in which order pytest is to run them."""

from pathlib import Path
from typing import Final

from tests.hostile.cases import CASES

ROOT: Final = Path(__file__).parents[2]
HOSTILE: Final = "hostile registries"
WHERE: Final = {
    "fault mixtures": "tests/service/faults/test_mixtures.py",
    "dead mirrors": "tests/service/faults/test_dead_mirrors.py",
    "registry rules": "tests/service/faults/test_rules.py",
    "fault matrix": "tests/service/faults/",
    "kills, docker-registry": "tests/real/test_kills.py",
    "kills, fake registry": "tests/service/cli/test_kills.py",
    "secret search": "tests/hostile/test_secrets.py",
    HOSTILE: "tests/hostile/",
    "fuzz": "tests/fuzz/",
}
"""The file or folder of each suite. The first that a test belongs to has it."""
FORMS: Final = ("CIP_FAULT_MATRIX", "CIP_FAULT_IMAGES", "CIP_KILLS", "CIP_FUZZ_INPUTS")
"""The variables that make suites long."""
SEEDS: Final = ("CIP_FAULT_SEED", "CIP_KILLS_SEED", "CIP_FUZZ_SEED")

_ELSEWHERE: Final = tuple(case.test for case in CASES if not case.test.startswith(WHERE[HOSTILE]))
"""Tests of hostile registries that are where the part of the client is tested that they are about."""


def suite_of(test: str) -> str:
    """The suite of a test, by its node.

    Raises:
        ValueError: it belongs to none.
    """
    for suite, where in WHERE.items():
        if test.startswith(where):
            return suite
    if test.partition("[")[0] in _ELSEWHERE:
        return HOSTILE
    raise ValueError(f"{test} belongs to no suite")


def suites() -> tuple[str, ...]:
    """Those that there are."""
    return tuple(suite for suite, where in WHERE.items() if (ROOT / where).exists())


def selection() -> tuple[str, ...]:
    """What pytest runs: files in the order of their suites, so that what takes longest begins first, then nodes."""
    files: dict[str, None] = {}
    for suite in suites():
        path = ROOT / WHERE[suite]
        for file in sorted(path.glob("test_*.py")) if path.is_dir() else [path]:
            files.setdefault(str(file.relative_to(ROOT)))
    return *files, *_ELSEWHERE
