"""The end of a run in words."""

from typing import Any, Final

import pytest

from cip_async.model.cost import Cause, Cost, ExcessLine, FloorLine
from cip_async.model.damage import Repair, RepairFate
from cip_async.model.outcome import Fate, Outcome
from cip_async.model.plan import Plan
from cip_async.model.promoter_manifest import Totals
from cip_async.model.report import Ending, Failure, RequestClass, Traffic
from cip_async.reference import Host
from cip_async.reporting.exit_code import ExitCode, exit_code
from cip_async.reporting.text import folded, summary, wanted_line
from cip_async.settings import Rate
from tests.unit.reporting.samples import (
    ASIA,
    EU,
    MALFORMED,
    failure,
    ledger_line,
    pair_plans,
    plan,
    promotion,
    report,
    setback,
)
from tests.unit.reporting.verifications import damage

CLEAN = plan(*pair_plans("foo", [], promotions=[promotion("1", "a", "b")], already=3))


def told(made: Plan, *failures: Failure, strict: bool = False, **changes: Any) -> list[str]:
    result = report(made, *failures, **changes)
    return list(summary(result, exit_code(result, strict=strict)))


def test_what_is_wanted_fits_in_a_line() -> None:
    totals = Totals(manifests=47, images=153, digests=869, edges=4014)
    assert wanted_line(totals) == "47 manifests, 153 images, 869 digests, 4,014 edges"


def test_a_promotion_is_counted_in_edges_and_images() -> None:
    assert told(CLEAN) == [
        "Promoted 6 edges (3 images) in 12 s",
        "  6  promoted",
        "  9  promoted already",
    ]


def test_repositories_that_were_not_asked_are_counted() -> None:
    made = plan(*pair_plans("foo", [], already=2))
    assert told(made, trusted_listings=3) == [
        "Nothing to do: 6 edges promoted already (12 s)",
        "  6  promoted already",
        "Not asked, as the inventory was trusted: 3 repositories",
    ]


def test_a_dry_run_says_how_to_promote() -> None:
    assert told(CLEAN, dry_run=True) == [
        "Dry run, nothing was written: 6 edges (3 images) would be promoted (12 s)",
        "  6  would be promoted",
        "  9  promoted already",
        "Next: run again with --confirm to promote them",
    ]


def test_a_dry_run_says_what_promoting_takes_at_the_least() -> None:
    host = Host("asia.gcr.io")
    cost = Cost(
        floor=(FloorLine(host=host, request_class="listing", requests=3),),
        ahead=(FloorLine(host=host, request_class="tag-put", requests=2000),),
    )
    assert told(CLEAN, dry_run=True, cost=cost)[-1] == (
        "Next: run again with --confirm to promote them, which takes 2,003 requests or more"
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_run_with_nothing_to_do_says_so_and_asks_for_nothing(dry_run: bool) -> None:
    made = plan(*pair_plans("foo", [], already=1338))
    assert told(made, dry_run=dry_run) == [
        "Nothing to do: 4,014 edges promoted already (12 s)",
        "  4,014  promoted already",
    ]


def test_failures_are_grouped_by_host_and_reason_the_most_frequent_first() -> None:
    lines = told(
        CLEAN,
        failure("foo", "1", "a", "quota used up", mirror=ASIA),
        failure("foo", "1", "a", "gone away\x1b[0m", mirror=EU),
        failure("foo", "1", "b", "gone away\x1b[0m", mirror=EU),
    )
    assert lines[0] == "Promoted 3 edges (1 image) in 12 s"
    assert lines[-3:] == [
        r"Failed: eu.gcr.io/prod/foo:a (and 1 more edge): gone away\x1b[0m",
        "Failed: asia.gcr.io/prod/foo:a: quota used up",
        "Next: run again; what is done is not done twice",
    ]


MEND: Final = "Next: mend the credentials or permissions named above, which cip doctor tries, and run again"
AGAIN: Final = "Next: run again; what is done is not done twice"


def test_after_failures_of_access_alone_it_is_to_be_mended_first() -> None:
    refused = failure("foo", "1", "a", "may not write", needs_access=True)
    assert [line for line in told(CLEAN, refused) if line.startswith("Next")] == [MEND]
    both = told(CLEAN, refused, failure("foo", "1", "b", "gone away"))
    assert [line for line in both if line.startswith("Next")] == [MEND, AGAIN]


def test_a_mirror_that_may_not_be_listed_is_to_be_mended_first() -> None:
    refused, silent = (
        plan(*pair_plans("foo", [], setbacks=[setback("1", "a", Outcome.UNKNOWN, "no", needs_access=each)], to=[EU]))
        for each in (True, False)
    )
    assert told(refused)[-1] == MEND
    assert told(silent)[-1] == AGAIN


def test_a_mirror_that_fails_in_one_way_is_one_reason_however_many_images() -> None:
    made = plan(
        *pair_plans("foo", [], promotions=[promotion("1", "v1", "v2")], to=[EU]),
        *pair_plans("bar", [], promotions=[promotion("2", "v1")], to=[EU]),
    )
    lines = told(
        made,
        failure("foo", "1", "v1", "PUT /v2/prod/foo/manifests/v1: status 503", mirror=EU),
        failure("foo", "1", "v2", "PUT /v2/prod/foo/manifests/v2: status 503", mirror=EU),
        failure("bar", "2", "v1", "PUT /v2/prod/bar/manifests/v1: status 503", mirror=EU),
    )
    assert [line for line in lines if line.startswith("Failed")] == [
        "Failed: eu.gcr.io/prod/bar:v1 (and 2 more edges): PUT /v2/prod/bar/manifests/v1: status 503"
    ]


def test_invalid_entries_and_conflicts_are_told_apart() -> None:
    moved = pair_plans("foo", [], setbacks=[setback("2", "b", Outcome.TAG_MOVE, "")])
    for made, obstacles in (
        (plan(invalid=(MALFORMED,)), "invalid entries"),
        (plan(*moved), "conflicts"),
        (plan(*moved, invalid=(MALFORMED,)), "invalid entries and conflicts"),
    ):
        assert told(made, ending=Ending.CONFLICT)[0] == f"Nothing was written: there are {obstacles} (12 s)"


def test_an_edge_that_is_unknown_counts_as_failed() -> None:
    made = plan(*pair_plans("foo", [], setbacks=[setback("1", None, Outcome.UNKNOWN, "no listing")], to=[ASIA]))
    lines = told(made)
    assert lines[0] == "Promoted nothing in 12 s"
    assert lines[2].endswith("1" * 64 + ": no listing")


def test_a_conflict_says_what_to_do() -> None:
    made = plan(
        *pair_plans("foo", [], promotions=[promotion("1", "a")], setbacks=[setback("2", "b", Outcome.TAG_MOVE, "")])
    )
    assert told(made, ending=Ending.CONFLICT) == [
        "Nothing was written: there are conflicts (12 s)",
        "  3  in conflict",
        "  3  not started",
        "Next: mend what is named above, or promote all the rest with --on-conflict=quarantine",
    ]


def test_what_was_quarantined_is_to_be_mended() -> None:
    made = plan(*pair_plans("foo", [], setbacks=[setback("2", "b", Outcome.TAG_MOVE, "")]), quarantine=True)
    assert told(made)[1:] == ["  3  left out (quarantined)", "Next: mend what was left out, named above"]
    assert told(plan(quarantine=True, invalid=(MALFORMED,)))[-1] == "Next: mend what was left out, named above"


def test_lost_images_that_are_an_error_are_to_be_restored() -> None:
    made = plan(*pair_plans("foo", [], promotions=[promotion("1")], setbacks=[setback("2", "b", Outcome.LOST, "")]))
    assert told(made)[-1] == "  3  lost: neither the source nor the mirror has the image"
    assert told(made, strict=True)[-1] == "Next: restore the lost images, or take them out of the manifests"
    assert told(made, strict=True, dry_run=True)[-1].startswith("Next: restore the lost images")


def test_an_interrupted_run_is_to_be_run_again() -> None:
    cut_off = failure("foo", "1", "a", "interrupted", fate=Fate.NOT_STARTED)
    result = report(CLEAN, cut_off, ending=Ending.INTERRUPTED)
    for code in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
        lines = list(summary(result, code))
        assert lines[0] == "Interrupted after 12 s: promoted 5 edges (2 images)"
        assert lines[-1] == "Next: run again; what is done is not done twice"


def test_a_tag_that_somebody_else_wrote_is_named_with_what_to_do() -> None:
    lines = told(CLEAN, failure("foo", "1", "a", "taken", fate=Fate.CONFLICT))
    assert "  1  in conflict" in lines
    assert f"Conflict: {ASIA}/foo:a: taken" in lines
    assert lines[-1] == "Next: find out who writes the tags that are in conflict, and which digest they are to have"


def test_a_run_out_of_time_is_to_be_run_again() -> None:
    lines = told(CLEAN, ending=Ending.TIMED_OUT)
    assert lines[0] == "Out of time after 12 s: promoted 6 edges (3 images)"
    assert lines[-1] == "Next: run again; what is done is not done twice"


def test_requests_and_bytes_are_told() -> None:
    lines = told(
        CLEAN,
        ledger=(
            ledger_line("asia.gcr.io", RequestClass.MOUNT, 201, 4000, 7),
            ledger_line("asia.gcr.io", RequestClass.MOUNT, 429, 5),
        ),
        cost=Cost(
            floor=(FloorLine(host=Host("asia.gcr.io"), request_class="mount", requests=3900),),
            excess=(ExcessLine(host=Host("asia.gcr.io"), cause=Cause.REFUSED_MOUNTS, requests=105),),
        ),
        traffic=Traffic(
            blobs_mounted=3000,
            bytes_mounted=3_456_789_012,
            blobs_relayed=9,
            bytes_relayed=1368,
            blobs_read=3,
            bytes_read=456,
        ),
    )
    assert lines[-2:] == [
        "Cost: 4,005 requests, 1.03 times the floor of 3,900; beyond it 105 for refused mounts",
        "Blobs: 3,000 mounted (3.5 GB), 9 relayed (1.4 kB), 3 read (456 B)",
    ]


def test_hosts_that_throttled_are_told_with_the_rate_they_settled_at() -> None:
    lines = told(
        CLEAN,
        ledger=(ledger_line("asia.gcr.io", RequestClass.MOUNT, 429, 5),),
        settled_rates={
            Host("us.gcr.io"): Rate(reads_per_minute=30_000.4, writes_per_minute=4831.0),
            Host("eu.gcr.io"): Rate(writes_per_minute=4980.0),
        },
    )
    assert lines[-2:] == [
        "Throttled: eu.gcr.io, which settled at 4,980 writes a minute",
        "Throttled: us.gcr.io, which settled at 30,000 reads and 4,831 writes a minute",
    ]


def test_many_reasons_are_cut_with_their_number() -> None:
    promotions = [promotion("1", *(f"v{number}" for number in range(30)))]
    failures = [failure("foo", "1", f"v{number}", f"reason {number}") for number in range(30)]
    lines = told(plan(*pair_plans("foo", [], promotions=promotions, to=[ASIA])), *failures)
    assert sum(line.startswith("Failed: ") for line in lines) == 20
    assert "… and 10 more reasons" in lines


def test_long_lines_are_folded_to_a_terminal_and_stay_whole_in_a_pipe() -> None:
    lines = ["Promoted 42 edges in 2.4 s", f"Failed: {'x' * 30}: why not"]
    assert list(folded(lines, None)) == lines
    assert list(folded(lines, 24)) == ["Promoted 42 edges in 2.4", "  s", "Failed:", f"  {'x' * 30}:", "  why not"]


def test_what_became_of_damaged_content_is_counted() -> None:
    repairs = tuple(Repair(damage=damage(), fate=fate) for fate in (*RepairFate, RepairFate.REPAIRED))
    lines = told(CLEAN, repairs=repairs)
    assert [line for line in lines if line.startswith("Damaged")] == [
        "Damaged content: 2 pieces placed again",
        "Damaged content: 1 piece would be placed again",
        "Damaged content: 1 piece could not be mended",
        "Damaged content: 1 piece not placed again",
    ]


def test_a_dry_run_says_how_to_mend_what_is_damaged() -> None:
    made = plan(*pair_plans("foo", [], already=2))
    repairs = (Repair(damage=damage(), fate=RepairFate.WOULD_REPAIR),)
    lines = told(made, dry_run=True, repairs=repairs)
    assert lines[0] == "Dry run, nothing was written: nothing would be promoted (12 s)"
    assert lines[-1] == "Next: run again with --confirm --repair to place again what is damaged"


def test_what_was_listed_again_is_counted() -> None:
    assert "Listed again after the run: 2 repositories" in told(CLEAN, verified_listings=2)


def test_a_run_says_that_what_could_not_be_mended_is_to_be_mended_elsewhere() -> None:
    made = plan(*pair_plans("foo", [], already=2))
    lines = told(made, repairs=(Repair(damage=damage(), fate=RepairFate.FAILED),))
    assert lines[-1] == "Next: mend in the registry, or restore in the source, what could not be mended"


def test_what_is_folded_goes_on_further_in_than_it_began() -> None:
    assert list(folded(["  " + "word " * 8], 24)) == ["  word word word word", "    word word word word"]
