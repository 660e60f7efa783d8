"""What all tests share: the event loop they run on, that nothing may block it, and that no machine is too slow."""

import os
from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_xdist_auto_num_workers() -> int | None:
    """Two processes for each processor, for `-n auto`: tests wait for sockets and processes much of their time."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


@pytest.fixture(autouse=True)
def _nobody_to_google(monkeypatch: pytest.MonkeyPatch) -> None:
    """No account of whoever runs the tests, or of the machine, is ever found; nor is the metadata server asked for."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "GCE_METADATA_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", os.devnull)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Asyncio; on uvloop where CIP_TEST_LOOP asks for it."""
    return "asyncio", {"use_uvloop": os.environ.get("CIP_TEST_LOOP") == "uvloop"}


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """A blocking call in an event loop fails the test that made it."""
    if request.node.get_closest_marker("anyio") is None:
        yield None
        return
    with blockbuster_ctx() as blockbuster:
        yield blockbuster
