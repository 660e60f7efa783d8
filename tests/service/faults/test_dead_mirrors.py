"""One of four mirrors is dead, or dies in the middle of the copy: the others get everything, and the report tells why.

How long a run takes for a dead host follows from its settings alone; those of these tests make that short.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.rules import Rules
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.report import EdgeReport, Report
from cip_async.promoter import Promoter
from cip_async.reporting.edges import all_edges
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.settings import Retries, Settings, Timeouts
from tests.service.conftest import ServeHosts
from tests.service.faults.conftest import Record, undone, wrongs
from tests.service.faults.dying import Death, Mortal, dead
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

MIRRORS: Final = ("asia.gcr.io", "eu.gcr.io", "us.gcr.io", "zz.gcr.io")
DEAD: Final = "zz.gcr.io"
IMAGES: Final = 12
IMPATIENT: Final = Settings(
    retries=Retries(request_s=60.0, first_delay_s=0.001, longest_delay_s=0.01, host_failures=5, host_silence_s=0.0),
    timeouts=Timeouts(connect_s=2.0, first_byte_s=2.0, stall_s=2.0),
    listing_late_s=0.2,
    threads=8,
)
"""A request would be tried for a minute, if the host were not given up before. Few workers would soon all be stuck."""
REASONS: Final = {
    Death.REFUSING: "no connection: ",
    Death.SILENT: "no answer in time",
    Death.DEAF: "no connection in time",
    Death.FAILING: "status 503",
}

both = pytest.mark.parametrize("quarantine", [False, True], ids=["abort", "quarantine"])
each_death = pytest.mark.parametrize("death", list(Death), ids=lambda death: death.name.lower())


@pytest.fixture
async def four(serve_hosts: ServeHosts, tmp_path: Path) -> Staging:
    """Images for four mirrors; layers of their own, so that each mirror is sent some."""
    staging = Staging(await serve_hosts("gcr.io", *MIRRORS, rules=Rules.google), tmp_path, mirrors=MIRRORS)
    for number in range(IMAGES):
        staging.push(f"app{number % 3}", images.single(seed=f"image {number}"), f"v{number}")
    return staging


async def promoted(promoter_for: Callable[..., Promoter], staging: Staging, *, quarantine: bool) -> Report:
    manifests = await staging.manifests(quarantine=quarantine)
    async with promoter_for(staging, confirm=True, settings=IMPATIENT) as promoter:
        return await promoter.run(manifests, quarantine=quarantine)


def check_the_others(staging: Staging, report: Report) -> list[EdgeReport]:
    """Check that all is as it should be but for the edges of the dead mirror, and return those that failed."""
    for mirror in MIRRORS[:-1]:
        assert staging.in_mirror(mirror) == staging.wanted_tags()
    failed = undone(report)
    assert {edge.destination.host for edge in failed} == {DEAD}
    assert {edge.fate for edge in failed} == {Fate.FAILED}
    assert exit_code(report) is ExitCode.PARTLY
    assert staging.servers["gcr.io"].ledger.writes() == []
    return failed


async def check_that_the_next_run_finishes(
    promoter_for: Callable[..., Promoter], staging: Staging, first: Report, record: Record
) -> None:
    staging.servers[DEAD].faults.clear()
    report = await promoted(promoter_for, staging, quarantine=False)
    lacking = [mirror for mirror in MIRRORS if staging.in_mirror(mirror) != staging.wanted_tags()]
    wrong = list(wrongs(staging))
    unanswered = (line.requests for line in first.ledger if line.host == DEAD and line.status in (0, 503))
    record("faults", sum(unanswered))
    record("edges", sum(1 for _ in all_edges(first)))
    record("lost", len(lacking))
    record("wrong", len(wrong))
    assert undone(report) == []
    assert exit_code(report) is ExitCode.DONE
    assert (lacking, wrong) == ([], [])


@both
@each_death
async def test_a_dead_mirror_fails_alone_and_says_why(
    death: Death, quarantine: bool, four: Staging, promoter_for: Callable[..., Promoter], record_property: Record
) -> None:
    alive = four.servers.endpoints[DEAD]
    if death is Death.FAILING:
        four.servers[DEAD].faults.add("503")
        report = await promoted(promoter_for, four, quarantine=quarantine)
    else:
        with dead(death) as address:
            four.servers.endpoints[DEAD] = address
            report = await promoted(promoter_for, four, quarantine=quarantine)

    failed = check_the_others(four, report)
    assert len(failed) == IMAGES
    assert {edge.outcome for edge in failed} == {Outcome.UNKNOWN}
    assert all("could not be listed" in edge.reason and REASONS[death] in edge.reason for edge in failed)

    four.servers.endpoints[DEAD] = alive
    await check_that_the_next_run_finishes(promoter_for, four, report, record_property)


@both
@each_death
async def test_a_mirror_that_dies_in_the_middle_of_the_copy_fails_alone_and_says_why(
    death: Death, quarantine: bool, four: Staging, promoter_for: Callable[..., Promoter], record_property: Record
) -> None:
    alive = four.servers.endpoints[DEAD]
    if death is Death.FAILING:
        four.servers[DEAD].faults.add("503", skipping=20)
        report = await promoted(promoter_for, four, quarantine=quarantine)
    else:
        mortal = Mortal(alive, puts=6, death=death)
        async with mortal.alive():
            four.servers.endpoints[DEAD] = mortal.address
            report = await promoted(promoter_for, four, quarantine=quarantine)
        assert mortal.is_dead

    failed = check_the_others(four, report)
    assert failed
    assert {edge.outcome for edge in failed} == {Outcome.PROMOTE}
    assert all(edge.reason for edge in failed)

    four.servers.endpoints[DEAD] = alive
    await check_that_the_next_run_finishes(promoter_for, four, report, record_property)
