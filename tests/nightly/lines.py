"""Lines as the plugin notes them, for tests of what is made of them."""

from typing import Any

from tests.nightly.suites import FORMS


def line(test: str, outcome: str = "passed", when: str = "call", seconds: float = 1.5, **told: int) -> dict[str, Any]:
    """A test that ended."""
    return {"test": test, "when": when, "outcome": outcome, "seconds": seconds, "told": told}


def run(**variables: str) -> dict[str, Any]:
    """A whole run of one and a half hours; long, unless other variables are given."""
    return {
        "finished": "2026-11-26",
        "took_s": 5400.0,
        "workers": 4,
        "variables": variables or dict.fromkeys(FORMS, "9"),
        "machine": {
            "cpus": 2,
            "cpu": "Some CPU",
            "memory_bytes": 25_000_000_000,
            "platform": "Linux x86_64",
            "python": "CPython 3.11.7",
            "cip_async": "0.1.0",
            "libraries": {"aiohttp": "3.14.5", "anyio": "4.16.0"},
        },
    }
