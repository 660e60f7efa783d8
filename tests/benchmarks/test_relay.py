"""The benchmark of a relay: it copies, checks what arrived, and reads the source once."""

import shutil

import pytest

from benchmarks import relay


@pytest.mark.skipif(
    not (shutil.which("docker-registry") and shutil.which("skopeo")), reason="needs docker-registry and skopeo"
)
def test_a_layer_reaches_all_mirrors_by_one_read_of_the_source() -> None:
    result = relay.measured(layer_mib=8, mirrors=2, rounds=1)

    assert result["layer_bytes"] > 8 * 1024 * 1024
    assert result["source_bytes_ratio"] == pytest.approx(1.0, abs=0.001)
    (only,) = result["rounds"]
    for copy in ("cip", "skopeo"):
        assert min(only[copy]["wall_s"], only[copy]["cpu_s"], only[copy]["peak_bytes"]) > 0
    assert result["peak_bytes"] < relay.PEAK_MIB * 1024 * 1024
    assert len(result["target"]) == 4


def test_a_machine_without_the_programs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert relay.measured(layer_mib=8, mirrors=2, rounds=1) == {
        "skipped": "docker-registry and skopeo not found on PATH"
    }
