"""Name servers that say nothing hold no command up: not after a signal, nor when its time is over."""

import json
import signal
from pathlib import Path

import anyio
import pytest
from anyio.streams.text import TextReceiveStream

from tests.service.cli.conftest import CIP, Cip

pytestmark = pytest.mark.anyio

LOOKING_UP = "looking up nowhere.example\n"
HANGING = """
import socket, sys, time

def getaddrinfo(host, *args, **kwargs):
    print("looking up", host, file=sys.stderr, flush=True)
    time.sleep(3600)

socket.getaddrinfo = getaddrinfo
"""
MANIFEST = """
registries:
- name: nowhere.example/staging
  src: true
- name: nowhere.example/prod
images:
- name: app
  dmap:
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": ["v1"]
"""


@pytest.fixture
def manifest(tmp_path: Path, environment: dict[str, str]) -> Path:
    """What is wanted of a host whose name is never found, on a system where that takes an hour."""
    system = tmp_path / "system"
    system.mkdir()
    (system / "sitecustomize.py").write_text(HANGING)
    environment["PYTHONPATH"] = str(system)
    path = tmp_path / "manifest.yaml"
    path.write_text(MANIFEST)
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["run", "verify", "snapshot"])
async def test_a_signal_ends_a_command_whose_lookup_hangs(
    manifest: Path, environment: dict[str, str], command: str, number: signal.Signals
) -> None:
    named = "nowhere.example/prod" if command == "snapshot" else f"--manifest={manifest}"
    with anyio.fail_after(100):  # the lookup takes an hour
        async with await anyio.open_process([*CIP, command, named], env=environment) as process:
            assert process.stderr is not None
            err = ""
            async for text in TextReceiveStream(process.stderr):
                err += text
                if LOOKING_UP in err:
                    process.send_signal(number)
                    break
            await process.wait()
    assert process.returncode == 128 + number


@pytest.mark.parametrize("command", ["run", "verify"])
async def test_the_end_of_its_time_ends_a_command_whose_lookup_hangs(
    manifest: Path, cip: Cip, tmp_path: Path, command: str
) -> None:
    report = tmp_path / "report.json"
    told = await cip(command, f"--manifest={manifest}", "--timeout=2", f"--report={report}")
    assert LOOKING_UP in told.err
    assert told.code == 3
    written = json.loads(report.read_text())
    assert written["ending"] == "timed-out"
    if command == "verify":
        counts = written["counts"]
        assert (counts["edges"], counts["looked_at"], counts["as_wanted"]) == (1, 0, 0)
        assert "looked at 0 of 1 edge, and not at everything\n  1 edge  not looked at: the end came first\n" in told.out
        assert "the mirror did not say" not in told.out
