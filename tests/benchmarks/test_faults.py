"""The benchmark of faults: what it disturbs, what it grants, and what it tells."""

import socket
from contextlib import closing

import attrs
import pytest

from benchmarks._scenario import Places, Scenario
from benchmarks._served import Exchange
from benchmarks.faults import DEATHS, granted_to, measured, nobody, troubled
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.quotas import Bucket

SMALL = Scenario(name="small", images=2, platforms=1, layers=2, mirrors=2, places=Places.APART)


def exchange(method: str, at_s: float) -> Exchange:
    return Exchange(
        host="mirror-00.gcr.io",
        method=method,
        target="/v2/",
        call_class=CallClass.TAGS,
        repository="",
        reference="",
        status=200,
        bytes_in=0,
        bytes_out=0,
        at_s=at_s,
    )


def test_less_is_granted_than_was_sent() -> None:
    reads = [exchange("GET", 100 + number / 100) for number in range(101)]
    writes = [exchange("PUT", 200 + number) for number in range(11)]
    assert granted_to([*reads, *writes]) == {"mirror-00.gcr.io": pytest.approx((0.85 * 101, 0.85 * 1.1))}


def test_hosts_have_quotas_and_faults_only_where_they_are_said_to() -> None:
    calm = troubled(SMALL, None, None)
    assert all(host.quotas.reads is None for host in calm.values())
    disturbed = troubled(SMALL, {"mirror-00.gcr.io": (20.0, 10.0)}, "mirror-01.gcr.io")
    assert disturbed["mirror-00.gcr.io"].quotas.writes == Bucket(10.0, 10.0)


def byte_from(address: str) -> bytes:
    with closing(socket.socket()) as caller:
        caller.settimeout(0.2)
        caller.connect(("127.0.0.1", int(address.rpartition(":")[2])))
        return caller.recv(1)


@pytest.mark.parametrize("death", DEATHS[:3])
def test_nobody_answers(death: str) -> None:
    with nobody(death) as address, pytest.raises(OSError, match=r"refused|timed out"):
        byte_from(address)


def test_all_is_promoted_under_faults_and_beside_each_dead_mirror() -> None:
    result = measured(attrs.evolve(SMALL, mirrors=1), longest_s=6.0)

    assert result["without_faults"]["failed_or_cut_off"] == result["without_faults"]["refused_for_quota"] == 0
    assert result["with_faults"]["requests"] >= result["without_faults"]["requests"]
    assert result["beside_a_mirror_that"].keys() == set(DEATHS)
    assert [target["at_most"] for target in result["target"]] == [1.5, *[1.2] * 4]
