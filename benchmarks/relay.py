"""Measure one large layer on its way to several mirrors, beside as many copies by skopeo; prints JSON.

    python -m benchmarks.relay --layer-mib 1024 --mirrors 3 --rounds 3

Staging and mirrors are `docker-registry` processes on loopback, with their content in a temporary folder (`TMPDIR`).
The mirrors are empty whenever something is copied to them. `cip run` copies to all of them in one process; of skopeo
there is one process for each, all at once. Wall time is from the first start to the last end, CPU is user and system
time of the copying processes alone, memory the peak of the largest of them. What is aimed at is a ratio within one
round, since everything runs on the same machine at much the same time.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from benchmarks._targets import at_least, at_most

THROUGHPUT: Final = 1.3
CPU: Final = 0.7
PEAK_MIB: Final = 150
SOURCE_BYTES: Final = 1.005
"""At least so many times skopeo's throughput, at most this part of its CPU, this memory, and one read of the source,
of which the image manifest and its config are a little more than the layer."""

_MIB: Final = 1024 * 1024
_START_S: Final = 30.0
_END_S: Final = 30.0
_LOOK_S: Final = 0.02
_CONFIG: Final = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}}}
http: {{addr: "{address}"}}
"""
_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
_IMAGE_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
_DOES_NOTHING: Final = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'


@attrs.frozen(kw_only=True)
class Cost:
    """What copying took: `peak_bytes` is that of the largest process."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    source_bytes: int | None = None


_Copy = Callable[[Path, str, Sequence[str]], Cost]


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer-mib", type=int, default=1024)
    parser.add_argument("--mirrors", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    json.dump(measured(arguments.layer_mib, arguments.mirrors, arguments.rounds), sys.stdout, indent=2)
    print()


def measured(layer_mib: int, mirrors: int, rounds: int) -> dict[str, Any]:
    """Copy a layer of that size to so many mirrors, again and again; or say why that cannot be done here."""
    missing = [program for program in ("docker-registry", "skopeo") if shutil.which(program) is None]
    if missing:
        return {"skipped": f"{' and '.join(missing)} not found on PATH"}
    results = []
    with tempfile.TemporaryDirectory(prefix="relay-") as folder, ExitStack() as stack:
        staging = stack.enter_context(_registry(Path(folder) / "staging"))
        layer_bytes = _push(staging, layer_mib * _MIB)
        for number in range(rounds):
            order = (_by_cip, _by_skopeo) if number % 2 == 0 else (_by_skopeo, _by_cip)
            costs = {copy: _copied(copy, Path(folder), staging, mirrors, layer_bytes) for copy in order}
            results.append({"cip": costs[_by_cip], "skopeo": costs[_by_skopeo]})
    throughput = _median(each["skopeo"].wall_s / each["cip"].wall_s for each in results)
    cpu = _median(each["cip"].cpu_s / each["skopeo"].cpu_s for each in results)
    peak_bytes = max(each["cip"].peak_bytes for each in results)
    source_bytes_ratio = max((each["cip"].source_bytes or 0) / layer_bytes for each in results)
    targets = [
        at_least("relay: throughput ÷ that of skopeo copy", THROUGHPUT, throughput),
        at_most("relay: CPU ÷ that of skopeo copy", CPU, cpu),
        at_most("relay: memory in MiB", PEAK_MIB, peak_bytes / _MIB),
        at_most("relay: bytes read ÷ bytes of the layer", SOURCE_BYTES, source_bytes_ratio),
    ]
    return {
        "layer_bytes": layer_bytes,
        "mirrors": mirrors,
        "rounds": [{name: attrs.asdict(cost) for name, cost in each.items()} for each in results],
        "throughput_ratio": throughput,
        "cpu_ratio": cpu,
        "peak_bytes": peak_bytes,
        "source_bytes_ratio": source_bytes_ratio,
        "target": targets,
        "target_is_met": all(target["met"] for target in targets),
    }


def _median(values: Iterator[float]) -> float:
    return round(statistics.median(values), 3)


def _copied(copy: _Copy, folder: Path, staging: str, mirrors: int, layer_bytes: int) -> Cost:
    """What `copy` takes to fill empty mirrors, which must then hold the layer."""
    with ExitStack() as stack:
        places = [folder / f"mirror-{number}" for number in range(mirrors)]
        addresses = [stack.enter_context(_registry(place)) for place in places]
        cost = copy(folder, staging, addresses)
        for address in addresses:
            _check(address, layer_bytes)
    return cost


def _by_cip(folder: Path, staging: str, mirrors: Sequence[str]) -> Cost:
    manifest, report = folder / "promoter-manifest.yaml", folder / "report.json"
    digest = _request(staging, "HEAD", "/v2/staging/app/manifests/v1", headers={"Accept": _MANIFEST})[
        "Docker-Content-Digest"
    ]
    entries = "".join(f"- name: {mirror}/prod\n" for mirror in mirrors)
    manifest.write_text(
        f"registries:\n- name: {staging}/staging\n  src: true\n{entries}"
        f'images:\n- name: app\n  dmap:\n    "{digest}": ["v1"]\n'
    )
    options = ["--confirm", "--progress", "never", "--manifest", str(manifest), "--report", str(report)]
    cost = _run([[sys.executable, "-m", "cip_async", "run", *options]], folder)
    read = sum(
        line["received_bytes"]
        for line in json.loads(report.read_text())["ledger"]
        if line["class"] == "blob-get" and line["host"] == staging
    )
    return attrs.evolve(cost, source_bytes=read)


def _by_skopeo(folder: Path, staging: str, mirrors: Sequence[str]) -> Cost:
    options = ["--all", "--src-tls-verify=false", "--dest-tls-verify=false"]
    return _run(
        [
            ["skopeo", "copy", "-q", *options, f"docker://{staging}/staging/app:v1", f"docker://{mirror}/prod/app:v1"]
            for mirror in mirrors
        ],
        folder,
    )


def _run(commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Run all at once until the last has ended. None sees what another left in the home directory."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        environment = {**os.environ, "HOME": home, "XDG_RUNTIME_DIR": home, "REGISTRY_AUTH_FILE": f"{home}/auth.json"}
        started = time.perf_counter()
        processes = [
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for command in commands
        ]
        usages, peaks = [], []
        while running := [process for process in processes if process.returncode is None]:
            peaks += [_peak_bytes(process.pid) for process in running]
            for process in running:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    process.returncode = os.waitstatus_to_exitcode(status)
                    usages.append(usage)
            time.sleep(_LOOK_S)
        wall_s = time.perf_counter() - started
    for process in processes:
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        if process.returncode:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}: {said.decode()[-2000:]}")
    return Cost(
        wall_s=round(wall_s, 3),
        cpu_s=round(sum(usage.ru_utime + usage.ru_stime for usage in usages), 3),
        peak_bytes=max(peaks) or max(usage.ru_maxrss for usage in usages) * 1024,
    )


def _peak_bytes(pid: int) -> int:
    """The most memory that a process had so far, where the system tells; usage includes whoever started it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


@contextmanager
def _registry(root: Path) -> Iterator[str]:
    """Serve an empty registry from a folder that goes with it; gives its host."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    root.mkdir()
    config = root / "config.yml"
    config.write_text(_CONFIG.format(root=root / "content", address=address))
    process = subprocess.Popen(
        ["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(_END_S)
        shutil.rmtree(root)


def _await(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            _request(address, "GET", "/v2/")
            return
        time.sleep(0.05)
    raise TimeoutError(f"docker-registry did not start at {address}")


def _push(host: str, layer_bytes: int) -> int:
    """Put an image with one layer of about that size into staging; returns how large the layer is."""
    config = _blob(host, [_DOES_NOTHING])
    layer = _blob(host, _compressed(layer_bytes))
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _IMAGE_CONFIG, **config},
        "layers": [{"mediaType": _LAYER, **layer}],
    }
    body = json.dumps(manifest).encode()
    _request(host, "PUT", "/v2/staging/app/manifests/v1", body, {"Content-Type": _MANIFEST})
    return int(layer["size"])


def _compressed(size_bytes: int) -> Iterator[bytes]:
    """A gzip stream that cannot be made any smaller, so that nobody compresses it anew."""
    compressor = zlib.compressobj(level=0, wbits=31)
    for _ in range(size_bytes // _MIB):
        yield compressor.compress(os.urandom(_MIB))
    yield compressor.flush()


def _blob(host: str, pieces: Iterator[bytes] | Sequence[bytes]) -> dict[str, Any]:
    """Upload a blob piece by piece; returns what a manifest says of it."""
    hasher, size = hashlib.sha256(), 0
    location = _request(host, "POST", "/v2/staging/app/blobs/uploads/")["Location"]
    for piece in pieces:
        hasher.update(piece)
        size += len(piece)
        location = _request(host, "PATCH", location, piece, {"Content-Type": "application/octet-stream"})["Location"]
    digest = f"sha256:{hasher.hexdigest()}"
    _request(host, "PUT", f"{location}&digest={digest}")
    return {"digest": digest, "size": size}


def _check(host: str, layer_bytes: int) -> None:
    """Fail unless the mirror has the image, and all of its layer."""
    _request(host, "HEAD", "/v2/prod/app/manifests/v1", headers={"Accept": _MANIFEST})
    connection = http.client.HTTPConnection(host)
    with contextlib.closing(connection):
        connection.request("GET", "/v2/prod/app/manifests/v1", headers={"Accept": _MANIFEST})
        (layer,) = json.loads(connection.getresponse().read())["layers"]
    found = int(_request(host, "HEAD", f"/v2/prod/app/blobs/{layer['digest']}")["Content-Length"])
    if found != layer_bytes:
        raise RuntimeError(f"{host} holds {found} bytes of {layer_bytes}")


def _request(
    host: str, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> http.client.HTTPMessage:
    """The headers of the answer, which must be a success."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(host, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, target, body, {"Content-Length": str(len(body or b"")), **(headers or {})})
        answer = connection.getresponse()
        answer.read()
        if answer.status >= http.client.BAD_REQUEST:
            raise RuntimeError(f"{method} {host}{target}: {answer.status}")
        return answer.headers


if __name__ == "__main__":
    main()
