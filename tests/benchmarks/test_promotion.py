"""The benchmark of promotions: real processes against a real server, and what is told is what the registries saw."""

import shutil
import sys
from pathlib import Path

import attrs
import pytest

from benchmarks._clients import Unfinished, lenient_registries, run_bare, run_cip, run_peer
from benchmarks._floor import floor
from benchmarks._outcome import told
from benchmarks._peers import PEERS, Peer
from benchmarks._release import registries, release
from benchmarks._replay import bare_requests
from benchmarks._scenario import SCENARIOS, Held, Places, Scenario, quick
from benchmarks._served import Exchange, watched
from benchmarks._usage import run
from benchmarks.promotion import measured
from cip_async.fake_registry.calls import CallClass

SMALL = quick(Scenario(name="small", latency_ms=1))
APART = attrs.evolve(SMALL, places=Places.APART)
needs_skopeo = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")


@pytest.mark.parametrize(
    "scenario", [SMALL, APART, attrs.evolve(SMALL, held=Held.UNTAGGED)], ids=lambda each: each.held
)
def test_the_registries_tell_what_was_spent_and_that_it_is_the_floor(scenario: Scenario) -> None:
    result = measured([scenario])
    (promotion,) = result["scenarios"]
    (cip,) = promotion["clients"]

    assert cip["complete"]
    assert cip["requests_total"] == promotion["floor"]["requests_total"] == floor(release(scenario)).total()
    assert (cip["blob_bytes_read"], cip["blob_bytes_sent"]) == (
        promotion["floor"]["blob_bytes_read"],
        promotion["floor"]["blob_bytes_sent"],
    )
    assert cip["cpu_seconds"] > 0.05
    assert cip["peak_bytes"] > 20_000_000


def test_a_bare_session_is_answered_as_the_promoter_was() -> None:
    promoted = run_cip(SMALL)
    bare = run_bare(SMALL, promoted)

    assert bare.complete
    assert bare.requests == promoted.requests
    assert told([bare])["requests_per_second"] > 0


def test_uploads_cannot_be_sent_again() -> None:
    upload = Exchange(
        host="us.gcr.io",
        method="PUT",
        target="/v2/mirror-00/image-0000/blobs/uploads/1?digest=sha256:1",
        call_class=CallClass.UPLOAD,
        repository="mirror-00/image-0000",
        reference="sha256:1",
        status=201,
        bytes_in=1,
        bytes_out=0,
    )
    with pytest.raises(ValueError, match="cannot be sent again"):
        bare_requests([upload], release(SMALL), {"us.gcr.io": "http://127.0.0.1:1"})


def test_a_bare_session_that_is_answered_otherwise_is_no_yardstick() -> None:
    promoted = run_cip(attrs.evolve(SMALL, tags=1))
    with pytest.raises(Unfinished, match="tags are missing"):
        run_bare(SMALL, promoted)


@needs_skopeo
@pytest.mark.parametrize("name", ["skopeo copy", "skopeo sync"])
@pytest.mark.parametrize("scenario", [SMALL, APART], ids=["one host", "apart"])
def test_skopeo_makes_the_same_promotion(name: str, scenario: Scenario) -> None:
    (peer,) = (each for each in PEERS if each.name == name)
    outcome = run_peer(scenario, peer)

    assert outcome.complete, outcome.usage.failures
    assert outcome.requests[CallClass.TAG_PUT] >= scenario.images * scenario.tags * scenario.mirrors


def test_a_tool_that_fails_is_told_as_one_that_failed() -> None:
    peer = Peer(name="false", program="false", commands=lambda _: iter([["false"]]))
    result = told([run_peer(SMALL, peer)])

    assert not result["complete"]
    assert result["failure"] == "exit code 1"


def test_tools_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    result = measured([])

    assert set(result["not_found"]) == {peer.program for peer in PEERS}
    assert result["tools"] == {}


def test_registries_that_cannot_be_made_are_an_error_at_once() -> None:
    with pytest.raises(RuntimeError, match="did not start"), watched(registries, "no scenario"):
        pass


def test_time_that_runs_out_is_told(tmp_path: Path) -> None:
    endless = [sys.executable, "-c", "import signal; signal.pause()"]
    usage = run([endless, ["true"]], home=tmp_path, timeout_s=0.2)

    assert usage.failures == ("took too long", "there was no time left")


def test_memory_is_that_of_the_command_and_not_of_who_started_it(tmp_path: Path) -> None:
    ballast = bytearray(200_000_000)
    usage = run([["true"]], home=tmp_path)

    assert usage.peak_bytes < len(ballast) / 2


def test_lenient_registries_take_what_the_others_refuse() -> None:
    strict, lenient = (make(SMALL)["us.gcr.io"].rules.accept_missing for make in (registries, lenient_registries))

    assert (strict, lenient) == (False, True)


def test_every_scenario_has_a_small_form() -> None:
    assert max(floor(release(quick(scenario))).total() for scenario in SCENARIOS) < 100
