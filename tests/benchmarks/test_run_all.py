"""All benchmarks together: each leaves its result, and the page of the documentation is what the results say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import PAGE, RESULTS, names, read, run_all
from benchmarks._page import page

ROOT = Path(__file__).parents[2]


def test_every_module_without_an_underscore_is_a_benchmark_that_tells_how_it_is_used() -> None:
    assert {"auditor", "inventory", "planning", "promotion", "scaling", "snapshot", "startup"} <= set(names())
    assert not any(name.startswith("_") for name in names())


def test_results_are_left_with_the_machine_they_are_from(tmp_path: Path) -> None:
    assert run_all(["inventory", "startup"], tmp_path, quick=True) == []

    results = read(tmp_path)
    assert list(results) == ["inventory", "startup"]
    for result in results.values():
        assert result["machine"]["cpus"] >= 1
        assert result["machine"]["libraries"]["aiohttp"]
    assert results["inventory"]["digests"] == 1000
    assert set(results["startup"]["commands"]) >= {"--help", "run --parse-only (generated manifests)"}


def test_a_benchmark_that_fails_is_named_and_leaves_the_result_before_it(tmp_path: Path) -> None:
    (tmp_path / "missing.json").write_text("{}")

    assert run_all(["missing"], tmp_path, quick=True) == ["missing"]
    assert read(tmp_path) == {"missing": {}}


@pytest.mark.parametrize(
    "arguments", [["--quick"], ["--quick", "--write-docs", "--results", "x"], ["--only", "nothing"]]
)
def test_figures_that_mean_nothing_never_become_documentation(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2


def test_no_result_tells_whose_machine_it_is_from(tmp_path: Path) -> None:
    for name, result in read(RESULTS).items():
        text = json.dumps(result)
        assert str(Path.home()) not in text, name
        assert str(ROOT) not in text, name


def test_the_page_of_the_documentation_is_what_the_results_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read(RESULTS))
