"""Command lines, of today and of the Go promoter: run up to where they would ask a registry, serve or wait."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from unittest import mock

import click
from click.testing import CliRunner

from cip_async.cli import cip
from cip_async.cli.calling import arguments_of
from cip_async.errors import CipError
from cip_async.reporting.exit_code import ExitCode
from tests.fuzz.fence import ProgramFencedOff, fence
from tests.fuzz.promoter_yaml import IMAGES, PLAIN, REGISTRIES, write
from tests.fuzz.registry_answers import encoded
from tests.fuzz.target import Target

KNOWN: Final = frozenset({*ExitCode, 2})
TREE: Final = b"== manifests/foo/promoter-manifest.yaml\n" + REGISTRIES + b"\n== images/foo/images.yaml\n" + IMAGES


class Reached(CipError):
    """The command line was understood: here its work would begin."""


def command(content: bytes) -> None:
    """Each line is an argument. What comes out is an exit code that is documented, and no traceback."""
    typed = [line.decode("utf-8", "surrogateescape") for line in content.replace(b"\0", b"").split(b"\n")]
    with place() as folder, fence(folder), fenced_loop():
        try:
            arguments = arguments_of(typed, cip)
        except click.UsageError as error:
            assert error.format_message()
            return
        result = CliRunner().invoke(cip, arguments, catch_exceptions=True)
    if isinstance(result.exception, ProgramFencedOff):
        return  # a shell was to be asked for its version
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in KNOWN
    assert result.exit_code == 0 or result.output, "it failed and did not say why"


@contextlib.contextmanager
def place() -> Iterator[Path]:
    """A working folder with one file of each kind in it, and room for temporary ones."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "tree", TREE)
        (folder / "plain.yaml").write_bytes(PLAIN)
        (folder / "images.yaml").write_bytes(IMAGES)
        (folder / "key.json").write_bytes(encoded({"type": "service_account", "client_email": "a@b"}))
        os.chdir(folder)
        try:
            with mock.patch("tempfile.tempdir", name):
                yield folder
        finally:
            os.chdir(before)


@contextlib.contextmanager
def fenced_loop() -> Iterator[None]:
    """No event loop starts: what runs in one asks registries or serves, and some of it never ends by itself."""
    with mock.patch("anyio.run", side_effect=Reached("an event loop")):
        yield


def _lines(*lines: str) -> tuple[bytes, ...]:
    return tuple("\n".join(line.split(" ")).encode() for line in lines)


SEEDS: Final = _lines(
    "run --parse-only --thin-manifest-dir tree",
    "run --parse-only --manifest plain.yaml --only etcd --to us.* --on-conflict quarantine --strict",
    "run --manifest plain.yaml --confirm --report out.json --report-edges all --threads 8 --endpoint gcr.io=http://[::1]:5",
    "run --thin-manifest-dir tree --inventory i.sqlite --trust-inventory 12h --key-files key.json --listing a=oci -vv",
    "run --parse-only --manifest plain.yaml --check removal --base HEAD",
    "run --thin-manifest-dir tree --check image-size --max-image-size 10 --check vulnerabilities",
    "snapshot gcr.io/staging --output csv --minimal --tag v1 --count",
    "snapshot --from-manifests --of us.gcr.io/prod --thin-manifest-dir tree --output json",
    "diff images.yaml plain.yaml --of us.gcr.io/prod --json",
    "diff gcr.io/a images.yaml --service-account a@b",
    "doctor --manifest plain.yaml",
    "manifest fmt tree",
    "manifest fmt --check images.yaml",
    "manifest lint tree",
    "manifest add --from gcr.io/staging/etcd:v1 images.yaml",
    "manifest show etcd --thin-manifest-dir tree",
    "audit serve --manifest-repo-url https://x/y --manifest-path p --port 0",
    "audit replay x.json",
    "fake-registry --host gcr.io --port 0 --latency 40",
    "demo --latency 0",
    "completion bash",
    "version",
    "-thin-manifest-dir=tree -dry-run=false -threads=4 -parse-only",
    "--manifest plain.yaml --parse-only=true --json-log-summary -v=4",
    "-snapshot=gcr.io/staging -output-format=csv -minimal-snapshot -snapshot-tag=v1",
    "-manifest-based-snapshot-of=us.gcr.io/prod -thin-manifest-dir=tree",
    "-audit -audit-manifest-repo-url=https://x/y -audit-manifest-path=p",
    "-key-files=key.json -use-service-account -manifest=plain.yaml -max-image-size=2048",
    "-h",
)
WORDS: Final = (
    *(b"\n", b"--", b"-", b"=", b"\n--help\n", b"\n-h\n", b"\n-v\n", b"--manifest", b"--thin-manifest-dir", b"tree"),
    *(
        b"plain.yaml",
        b"images.yaml",
        b"--only\n",
        b"--to\n",
        b"*",
        b"[",
        b"[!",
        b"{",
        b"\n--endpoint\n",
        b"a=b",
        b"[::]",
    ),
    *(
        b"=http://",
        b"--threads\n",
        b"--report\n",
        b"--check\n",
        b"--base\n",
        b"HEAD",
        b"--no-",
        b"true",
        b"false",
        b"1e9",
    ),
    *(
        b"99999999999999999999",
        b"--log-format\njson",
        b"--progress\nbar",
        b"-dry-run=",
        b"-version",
        b"/dev/null",
        b".",
    ),
    *(b"/", b"~", b"$HOME", b"@plain.yaml", b"12h", b"run\n", b"manifest\n", b"audit\n"),
)
TARGETS: Final = (Target(name="command-line", feed=command, seeds=SEEDS, words=WORDS, weight=4),)
