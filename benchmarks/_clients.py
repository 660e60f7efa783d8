"""Run one client through one scenario, on registries of its own, and tell what it spent by the registries' account."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks._bare import BareRequest
from benchmarks._peers import Peer, Task
from benchmarks._release import Release, promoter_manifests, registries, release
from benchmarks._scenario import Scenario
from benchmarks._served import Account, Exchange, watched
from benchmarks._shape import write
from benchmarks._targets import BARE, CIP
from benchmarks._usage import Usage, run
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.documents import Document
from cip_async.fake_registry.host import FakeRegistries
from cip_async.reference import Digest, Tag, parse_image_name
from cip_async.registry.wire import MANIFEST_ACCEPT

_PEER_TIMEOUT_S: Final = 240.0
_TIMEOUT_S: Final = 300.0


@attrs.frozen(kw_only=True)
class Outcome:
    """What one client spent, once; requests and bytes are those that the registries saw.

    `seconds` are the client's own, without its start, where it tells them.
    """

    client: str
    usage: Usage
    account: Account
    complete: bool
    """Whether every tag is where it is wanted."""
    at_once: int = 1
    """How many commands ran at the same time."""
    seconds: float | None = None

    @property
    def requests(self) -> Counter[CallClass]:
        """How many requests there were of each class."""
        return Counter(each.call_class for each in self.account.exchanges)

    @property
    def throttled(self) -> int:
        """How many of them were answered with 429."""
        return sum(each.status == 429 for each in self.account.exchanges)

    @property
    def blob_bytes(self) -> tuple[int, int]:
        """The bytes of blobs that were read, and that were sent."""
        read = sum(each.bytes_out for each in self.account.exchanges if each.call_class is CallClass.BLOB_GET)
        sent = sum(
            each.bytes_in
            for each in self.account.exchanges
            if each.call_class in (CallClass.UPLOAD, CallClass.UPLOAD_CHUNK, CallClass.UPLOAD_POST)
        )
        return read, sent


class Unfinished(Exception):
    """The promoter, or the yardstick, did not do what is measured."""


def run_cip(scenario: Scenario) -> Outcome:
    """Promote with `cip run --confirm`.

    Raises:
        Unfinished: not everything is where it is wanted.
    """
    made = release(scenario)

    def promote(endpoints: Mapping[str, str], folder: Path) -> Usage:
        write(promoter_manifests(made), folder / "manifests-folder")
        config = folder / "config.json"
        config.write_text("{}")
        command = [sys.executable, "-m", "cip_async", "run", "--confirm", "--progress", "never"]
        command += ["--thin-manifest-dir", str(folder / "manifests-folder"), "--docker-config", str(config)]
        for host, url in endpoints.items():
            command += ["--endpoint", f"{host}={url}"]
        return run([command], home=folder, timeout_s=_TIMEOUT_S)

    return _finished(_outcome(CIP, made, registries, (scenario,), promote))


def run_bare(scenario: Scenario, like: Outcome) -> Outcome:
    """Send the same requests as `like` did, from a bare session.

    Raises:
        Unfinished: they were not answered in the same way.
    """
    made = release(scenario)

    def replay(endpoints: Mapping[str, str], folder: Path) -> Usage:
        path = folder / "requests"
        requests = bare_requests(like.account.exchanges, made, endpoints)
        path.write_text("".join(json.dumps(attrs.asdict(each)) + "\n" for each in requests), encoding="utf-8")
        return run([[sys.executable, "-m", "benchmarks._bare", str(path)]], home=folder, timeout_s=_TIMEOUT_S)

    outcome = _finished(_outcome(BARE, made, lenient_registries, (scenario,), replay))
    if _answers(outcome) != _answers(like):
        raise Unfinished(f"{BARE}: {_answers(outcome)} is not what was answered before: {_answers(like)}")
    (output,) = outcome.usage.output
    return attrs.evolve(outcome, seconds=json.loads(output)["seconds"])


def run_peer(scenario: Scenario, peer: Peer) -> Outcome:
    """Let another tool do the same; it may fail, and then the outcome says so."""
    made = release(scenario)

    def copy(endpoints: Mapping[str, str], folder: Path) -> Usage:
        commands = list(peer.commands(Task(made=made, endpoints=endpoints, folder=folder)))
        return run(commands, home=folder, at_once=peer.at_once, timeout_s=_PEER_TIMEOUT_S)

    return attrs.evolve(_outcome(peer.name, made, registries, (scenario,), copy), at_once=peer.at_once)


def lenient_registries(scenario: Scenario) -> FakeRegistries:
    """The hosts of `scenario`, which take manifests in any order."""
    return registries(scenario, accept_missing=True)


def bare_requests(exchanges: Iterable[Exchange], made: Release, endpoints: Mapping[str, str]) -> list[BareRequest]:
    """The same requests, with the same bodies and with headers of the same shape.

    Raises:
        ValueError: one of them is an upload, whose address is another each time.
    """
    documents = {one.digest: one.document for each in made.wanted for one in each.image.family()}
    tagged = {(each.name, tag): each.image.digest for each in made.wanted for tag in each.tags}
    requests = []
    for each in exchanges:
        if each.call_class is CallClass.UPLOAD:
            raise ValueError(f"{each.method} {each.target} cannot be sent again")
        document = documents.get(_subject(each, tagged)) if each.method == "PUT" else None
        requests.append(
            BareRequest(
                host=each.host,
                method=each.method,
                url=f"{endpoints[each.host]}{each.target}",
                headers=_headers(each, document),
                body=document.body.decode() if document else "",
            )
        )
    return requests


def _subject(exchange: Exchange, tagged: Mapping[tuple[str, str], Digest]) -> Digest:
    """The digest that a PUT brings."""
    name = exchange.repository.rpartition("/")[2]
    return tagged.get((name, exchange.reference)) or Digest(exchange.reference)


def _headers(exchange: Exchange, document: Document | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "cip-async/0"}
    if document:
        headers["Content-Type"] = document.media_type
    if exchange.call_class is CallClass.MANIFEST_GET:
        headers["Accept"] = MANIFEST_ACCEPT
    return headers


def _outcome(
    client: str,
    made: Release,
    hosts: Callable[..., FakeRegistries],
    arguments: tuple[object, ...],
    work: Callable[[Mapping[str, str], Path], Usage],
) -> Outcome:
    with tempfile.TemporaryDirectory() as folder, watched(hosts, *arguments) as servers:
        usage = work(servers.endpoints, Path(folder))
        account = servers.account()
    return Outcome(client=client, usage=usage, account=account, complete=_is_complete(made, account))


def _finished(outcome: Outcome) -> Outcome:
    if outcome.usage.failures or not outcome.complete:
        raise Unfinished(f"{outcome.client}: {' '.join(outcome.usage.failures) or 'tags are missing'}")
    return outcome


def _answers(outcome: Outcome) -> Counter[tuple[CallClass, int]]:
    return Counter((each.call_class, each.status) for each in outcome.account.exchanges)


def _is_complete(made: Release, account: Account) -> bool:
    for mirror in made.mirrors:
        for name, wanted in made.by_name.items():
            held: Mapping[Tag, Digest] = account.tags[mirror.host].get(
                mirror.repository(parse_image_name(name)).path, {}
            )
            if any(held.get(Tag(tag)) != each.image.digest for each in wanted for tag in each.tags):
                return False
    return True


def told(outcomes: list[Outcome]) -> dict[str, Any]:
    """What one client spent in one or more turns, as JSON: the least of the times, the most of the memory."""
    first, *_ = outcomes
    read, sent = first.blob_bytes
    usages = [outcome.usage for outcome in outcomes]
    result: dict[str, Any] = {
        "client": first.client,
        "at_once": first.at_once,
        "complete": all(outcome.complete for outcome in outcomes),
        "requests": dict(sorted(first.requests.items())),
        "requests_total": max(outcome.requests.total() for outcome in outcomes),
        "requests_throttled": first.throttled,
        "blob_bytes_read": read,
        "blob_bytes_sent": sent,
        "wall_seconds": round(min(usage.wall_seconds for usage in usages), 3),
        "cpu_seconds": round(min(usage.cpu_seconds for usage in usages), 3),
        "peak_bytes": max(usage.peak_bytes for usage in usages),
        "registry_cpu_seconds": round(min(outcome.account.cpu_seconds for outcome in outcomes), 3),
        "turns": [
            {"wall_seconds": round(usage.wall_seconds, 3), "cpu_seconds": round(usage.cpu_seconds, 3)}
            for usage in usages
        ],
    }
    seconds = [outcome.seconds for outcome in outcomes if outcome.seconds is not None]
    if seconds:
        result["requests_per_second"] = round(first.requests.total() / min(seconds), 1)
    if any(usage.failures for usage in usages):
        result["failure"] = next(usage.failures[0] for usage in usages if usage.failures)
    return result
