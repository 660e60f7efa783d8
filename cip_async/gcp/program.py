"""Run another program that gives out credentials: found on PATH, without a shell, within limits of time and output."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import Final

import anyio
import attrs
from anyio import to_thread
from anyio.abc import ByteReceiveStream, Process

_CLEANUP_S: Final = 5.0


@attrs.frozen(kw_only=True)
class Ended:
    """How a program ended; what it wrote may be a secret."""

    code: int
    output: bytes = attrs.field(repr=False)


class ProgramFailure(Exception):
    """A program could not be run to its end. The text names it, and holds nothing that it wrote."""


class ProgramMissing(ProgramFailure):
    """There is no such program."""


async def run_program(
    name: str,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    limit_s: float,
    most_bytes: int,
) -> Ended:
    """Run the program `name` of `environment`'s PATH, and return how it ended; what it says on stderr is dropped.

    Raises:
        ProgramFailure: it is not there, takes longer than `limit_s`, or writes more than `most_bytes`.
    """
    path = await to_thread.run_sync(which, name, os.F_OK | os.X_OK, environment.get("PATH", ""))
    if path is None or not Path(path).is_absolute():
        raise ProgramMissing(f"the program {name} is not on PATH")
    try:
        process = await anyio.open_process(
            [path, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramFailure(f"the program {path} cannot be started: {error.strerror}") from error
    ended: Ended | None = None
    try:
        with anyio.fail_after(limit_s):
            output = await _talk(process, stdin, most_bytes)
            if len(output) > most_bytes:
                raise ProgramFailure(f"the program {path} wrote more than {most_bytes} bytes")
            ended = Ended(code=await process.wait(), output=output)
            return ended
    except TimeoutError:
        raise ProgramFailure(f"the program {path} did not end within {limit_s:g} s") from None
    finally:
        with anyio.move_on_after(_CLEANUP_S, shield=True):
            if ended is None:
                _kill(process)
            await process.aclose()


async def _talk(process: Process, stdin: bytes, most_bytes: int) -> bytes:
    """Hand the program its input, and take its output or a little more than it may have."""
    if process.stdin is not None:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, ConnectionError):
            await process.stdin.send(stdin)  # a program that does not read its input may still answer
        await process.stdin.aclose()
    return b"" if process.stdout is None else await _read(process.stdout, most_bytes)


async def _read(stream: ByteReceiveStream, most_bytes: int) -> bytes:
    output = bytearray()
    while len(output) <= most_bytes:
        try:
            output += await stream.receive()
        except anyio.EndOfStream:
            break
    return bytes(output)


def _kill(process: Process) -> None:
    """End the program and all it started, which may outlive it and keep its output open."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
