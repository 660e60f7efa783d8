"""How commands reach registries."""

import attrs
import pytest

from cip_async.cli.options import Connection
from cip_async.cli.reach import connected
from cip_async.errors import InvalidSettings
from cip_async.events import tell_nobody
from cip_async.reference import Host
from cip_async.settings import Rate

CONNECTION = Connection(threads=7, endpoints={}, strategies={}, ca_cert=None, docker_config=None)


def test_the_rates_of_the_command_line_hold_for_its_requests() -> None:
    rate = Rate(reads_per_minute=5000.0, writes_per_minute=1000.0)
    promoter = connected(attrs.evolve(CONNECTION, rates={"gcr.io": rate}), tell_nobody)
    gate = promoter._connections.transport._gates.of(Host("gcr.io"))
    assert gate.free_slots == 7
    assert [gate._reads.pace.most, gate._writes.pace.most] == pytest.approx([83.2, 16.6], abs=0.1)


def test_a_library_cannot_set_the_rate_of_what_is_no_host() -> None:
    with pytest.raises(InvalidSettings, match="host of a rate"):
        connected(attrs.evolve(CONNECTION, rates={"gcr.io/prod": Rate()}), tell_nobody)
