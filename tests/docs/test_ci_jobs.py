"""The jobs that the page about CI shows are whole, and what they call exists."""

import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import click
import pytest
from ruamel.yaml import YAML

from cip_async.cli import cip
from tests.docs.pages import ROOT, blocks

PAGE: Final = ROOT / "docs" / "ci-jobs.md"
IMAGE: Final = re.compile(r"[\w.-]+/[\w./-]+/cip:\d{8}-v\d+\.\d+\.\d+")


def documents() -> list[dict[str, Any]]:
    yaml = YAML(typ="safe", pure=True)
    return [yaml.load(block.text) for block in blocks(PAGE) if block.language == "yaml"]


def prow_jobs(kind: str) -> list[dict[str, Any]]:
    found = [document[kind] for document in documents() if kind in document]
    return [job for repositories in found for jobs in repositories.values() for job in jobs]


def workflows(event: str) -> list[dict[str, Any]]:
    return [document for document in documents() if event in document.get("on", {})]


def container(job: dict[str, Any]) -> dict[str, Any]:
    (found,) = job["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def docker_call(workflow: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What the one step that runs Docker gives to Docker, and what it gives to cip."""
    (job,) = workflow["jobs"].values()
    (command,) = [step["run"] for step in job["steps"] if "run" in step]
    words = shlex.split(command)
    assert words[:2] == ["docker", "run"]
    image = words.index("$IMAGE")
    return words[2:image], words[image + 1 :]


def dry_runs() -> list[list[str]]:
    return [
        *(container(job)["args"] for job in prow_jobs("presubmits")),
        *(docker_call(workflow)[1] for workflow in workflows("pull_request")),
    ]


def promotions() -> list[list[str]]:
    return [
        *(container(job)["args"] for job in prow_jobs("postsubmits")),
        *(docker_call(workflow)[1] for workflow in workflows("push")),
    ]


def parsed(arguments: list[str]) -> dict[str, Any]:
    """The parameters of `cip run`, read as the command line reads them: an unknown option or value fails."""
    name, *rest = arguments
    assert name == "run"
    command = cip.get_command(click.Context(cip), name)
    assert command is not None
    return command.make_context(name, rest).params


def test_the_page_shows_each_job_for_both_systems() -> None:
    assert (len(dry_runs()), len(promotions())) == (2, 2)
    assert len(documents()) == 4


@pytest.mark.parametrize("arguments", dry_runs(), ids=" ".join)
def test_a_pull_request_gets_a_checked_dry_run_of_what_it_adds(arguments: list[str]) -> None:
    options = parsed(arguments)
    assert options["confirm"] is False
    assert options["checks"] == ("all",)
    assert options["use_prow_manifest_diff"] or options["changed_since"] == "HEAD^1"


@pytest.mark.parametrize("arguments", promotions(), ids=" ".join)
def test_a_merge_promotes_everything_that_is_missing(arguments: list[str]) -> None:
    options = parsed(arguments)
    assert options["confirm"] is True
    assert not options["use_prow_manifest_diff"]
    assert options["changed_since"] is None


@pytest.mark.parametrize("kind", ["presubmits", "postsubmits"])
def test_prow_jobs_are_decorated_and_run_the_image_as_its_user(kind: str) -> None:
    user = int(re.findall(r"^USER (\d+):", (ROOT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)[0])
    (job,) = prow_jobs(kind)
    assert re.fullmatch(r"[a-z0-9-]{1,63}", job["name"])
    assert job["decorate"] is True
    assert set(job["spec"]["securityContext"].values()) == {user}
    assert container(job)["command"] == ["cip"]
    assert IMAGE.fullmatch(container(job)["image"])


def test_promotions_do_not_overlap() -> None:
    (job,) = prow_jobs("postsubmits")
    assert job["max_concurrency"] == 1
    (workflow,) = workflows("push")
    assert workflow["concurrency"] == {"group": "promote", "cancel-in-progress": False}


def test_only_promotions_have_credentials() -> None:
    (presubmit,), (postsubmit,) = prow_jobs("presubmits"), prow_jobs("postsubmits")
    assert "serviceAccountName" not in presubmit["spec"]
    assert postsubmit["spec"]["serviceAccountName"]
    (pull_request,), (push,) = workflows("pull_request"), workflows("push")
    assert "secrets." not in str(pull_request)
    assert "secrets." in str(push)


@pytest.mark.parametrize("workflow", [*workflows("pull_request"), *workflows("push")], ids=lambda each: each["name"])
def test_a_workflow_runs_the_image_on_its_checkout_as_the_user_who_owns_it(workflow: dict[str, Any]) -> None:
    assert IMAGE.fullmatch(workflow["env"]["IMAGE"])
    (job,) = workflow["jobs"].values()
    assert any(step.get("uses", "").startswith("actions/checkout@") for step in job["steps"])
    given, _ = docker_call(workflow)
    assert given[:3] == ["--rm", "--user", "$(id -u)"]
    assert (given[given.index("--volume") + 1], given[given.index("--workdir") + 1]) == (
        "$PWD:/manifests:ro",
        "/manifests",
    )


def test_a_dry_run_on_github_fetches_the_commit_that_it_compares_with() -> None:
    (workflow,) = workflows("pull_request")
    (job,) = workflow["jobs"].values()
    assert [step["with"] for step in job["steps"] if "with" in step] == [{"fetch-depth": 2}]


def shown_calls() -> Iterator[list[str]]:
    for block in blocks(PAGE):
        if block.language == "sh":
            for line in block.text.splitlines():
                yield shlex.split(line, comments=True)[1:]


def test_the_two_commands_for_other_systems_are_a_dry_run_and_a_promotion() -> None:
    assert [parsed(call)["confirm"] for call in shown_calls()] == [False, True]
