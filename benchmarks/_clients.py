"""Run one client through one scenario, on registries of its own, and tell what it spent by the registries' account."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import attrs

from benchmarks._outcome import Outcome, is_complete
from benchmarks._peers import Peer, Task
from benchmarks._release import promoter_manifests, registries, release
from benchmarks._replay import bare_requests
from benchmarks._scenario import Scenario
from benchmarks._served import watched
from benchmarks._shape import write
from benchmarks._targets import BARE, CIP
from benchmarks._usage import Usage, run
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.host import FakeRegistries

_PEER_TIMEOUT_S: Final = 240.0
_TIMEOUT_S: Final = 300.0


class Unfinished(Exception):
    """The promoter, or the yardstick, did not do what is measured."""


def run_cip(scenario: Scenario) -> Outcome:
    """Promote with `cip run --confirm`.

    Raises:
        Unfinished: not everything is where it is wanted.
    """

    def promote(endpoints: Mapping[str, str], folder: Path) -> Usage:
        command = [sys.executable, "-m", "cip_async", *cip_arguments(scenario, endpoints, folder)]
        return run([command], home=folder, timeout_s=_TIMEOUT_S)

    return _finished(_outcome(CIP, scenario, promote))


def cip_arguments(scenario: Scenario, endpoints: Mapping[str, str], folder: Path) -> list[str]:
    """What `cip` is to do; its files are written into `folder`."""
    write(promoter_manifests(release(scenario)), folder / "manifests-folder")
    config = folder / "config.json"
    config.write_text("{}")
    arguments = ["run", "--confirm", "--progress", "never"]
    arguments += ["--thin-manifest-dir", str(folder / "manifests-folder"), "--docker-config", str(config)]
    arguments += ["--threads", str(scenario.in_flight)]
    for host, url in endpoints.items():
        arguments += ["--endpoint", f"{host}={url}"]
    return arguments


def run_bare(scenario: Scenario, like: Outcome) -> Outcome:
    """Send the same requests as `like` did, from a bare session.

    Raises:
        Unfinished: they were not answered in the same way.
    """

    def replay(endpoints: Mapping[str, str], folder: Path) -> Usage:
        path = folder / "requests"
        requests = bare_requests(like.account.exchanges, release(scenario), endpoints)
        path.write_text("".join(json.dumps(attrs.asdict(each)) + "\n" for each in requests), encoding="utf-8")
        return run(
            [[sys.executable, "-m", "benchmarks._bare", str(path), str(scenario.in_flight)]],
            home=folder,
            timeout_s=_TIMEOUT_S,
        )

    outcome = _finished(_outcome(BARE, scenario, replay, lenient_registries))
    if _answers(outcome) != _answers(like):
        raise Unfinished(f"{BARE}: {_answers(outcome)} is not what was answered before: {_answers(like)}")
    (output,) = outcome.usage.output
    return attrs.evolve(outcome, seconds=json.loads(output)["seconds"])


def run_peer(scenario: Scenario, peer: Peer) -> Outcome:
    """Let another tool do the same; it may fail, and then the outcome says so."""

    def copy(endpoints: Mapping[str, str], folder: Path) -> Usage:
        commands = list(peer.commands(Task(made=release(scenario), endpoints=endpoints, folder=folder)))
        return run(commands, home=folder, at_once=peer.at_once, timeout_s=_PEER_TIMEOUT_S)

    return attrs.evolve(_outcome(peer.name, scenario, copy), at_once=peer.at_once)


def lenient_registries(scenario: Scenario) -> FakeRegistries:
    """The hosts of `scenario`, which take manifests in any order."""
    return registries(scenario, accept_missing=True)


def _outcome(
    client: str,
    scenario: Scenario,
    work: Callable[[Mapping[str, str], Path], Usage],
    hosts: Callable[[Scenario], FakeRegistries] = registries,
) -> Outcome:
    """What `work` took, and what the registries saw of it."""
    with tempfile.TemporaryDirectory() as folder, watched(hosts, scenario) as servers:
        usage = work(servers.endpoints, Path(folder))
        account = servers.account()
    return Outcome(client=client, usage=usage, account=account, complete=is_complete(release(scenario), account))


def _finished(outcome: Outcome) -> Outcome:
    if outcome.usage.failures or not outcome.complete:
        raise Unfinished(f"{outcome.client}: {' '.join(outcome.usage.failures) or 'tags are missing'}")
    return outcome


def _answers(outcome: Outcome) -> Counter[tuple[CallClass, int | None]]:
    """How many requests of each class were answered how; whether a repository is there yet is a matter of order."""
    return Counter(
        (each.call_class, None if each.call_class is CallClass.TAGS else each.status)
        for each in outcome.account.exchanges
    )
