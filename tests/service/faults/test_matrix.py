"""Every fault, on every request of a promotion that it can strike, once that it passes and once that it lasts.

What passes is cured, unless an answer is nothing that may be asked for twice (`FINAL`). What lasts is of no consequence
(`HARMLESS`), or fails the edges it concerns, with the reason, and no other; a run without it then finishes the work.
Lasting throttles slow a run down for a minute, so most are met only where `CIP_FAULT_MATRIX=whole` asks for it.
"""

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

import attrs
import pytest

from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.docker_images import API_HOST
from cip_async.fake_registry.faults import FaultKind, possible_targets
from cip_async.model.outcome import Fate
from cip_async.model.report import EdgeReport
from cip_async.settings import Retries, Settings, Timeouts
from tests.service.faults.conftest import ELSEWHERE, MakeScene, Record, Scene, told, undone

pytestmark = pytest.mark.anyio


PROMOTIONS_SEND: Final = frozenset(
    {
        CallClass.TOKEN,
        CallClass.TAGS,
        CallClass.MANIFEST_GET,
        CallClass.MANIFEST_HEAD,
        CallClass.MANIFEST_PUT,
        CallClass.TAG_PUT,
        CallClass.BLOB_GET,
        CallClass.STORAGE,
        CallClass.MOUNT,
        CallClass.UPLOAD_START,
        CallClass.UPLOAD,
        CallClass.UPLOAD_CANCEL,
        CallClass.DOCKER_IMAGES,
    }
)
"""What a promotion asks of registries, over all kinds of them."""
READ_OF_THE_SOURCE: Final = frozenset({CallClass.MANIFEST_GET, CallClass.BLOB_GET, CallClass.STORAGE})
WITHOUT_REPOSITORY: Final = frozenset({CallClass.TOKEN, CallClass.STORAGE, CallClass.MOUNT})

PATIENT: Final = Settings(
    retries=Retries(request_s=20.0, first_delay_s=0.001, longest_delay_s=0.01, host_failures=1000),
    timeouts=Timeouts(stall_s=0.5),
)
HASTY: Final = attrs.evolve(PATIENT, retries=attrs.evolve(PATIENT.retries, request_s=0.1))


@attrs.frozen
class Cell:
    """One fault on one class of requests."""

    kind: FaultKind
    on: CallClass

    def __str__(self) -> str:
        return f"{self.kind}@{self.on}"


def cells() -> Iterator[Cell]:
    """All there can be."""
    for kind in FaultKind:
        for on in sorted(possible_targets(kind) & PROMOTIONS_SEND):
            yield Cell(kind, on)


CELLS: Final = tuple(cells())


HARMLESS_KINDS: Final = {
    FaultKind.THROTTLED: False,
    FaultKind.THROTTLED_BARE: False,
    FaultKind.THROTTLED_DATE: False,
    FaultKind.OVERLOADED: False,
    FaultKind.ERROR_500: False,
    FaultKind.ERROR_502: False,
    FaultKind.ERROR_503: False,
    FaultKind.ERROR_504: False,
    FaultKind.SLOW: True,
    FaultKind.DRIPPING: True,
    FaultKind.RESET: False,
    FaultKind.RESET_UPLOAD: False,
    FaultKind.LOST_ANSWER: False,
    FaultKind.RESET_BODY: False,
    FaultKind.TRUNCATED: False,
    FaultKind.SHORT: False,
    FaultKind.STALLED: False,
    FaultKind.WRONG_BYTES: False,
    FaultKind.WRONG_DIGEST: False,
    FaultKind.NO_DIGEST: True,
    FaultKind.WRONG_TYPE: True,
    FaultKind.MOUNT_REFUSED: True,
    FaultKind.UPLOAD_VANISHED: False,
    FaultKind.FOREIGN_LOCATION: False,
    FaultKind.CONTENT_UNKNOWN: False,
    FaultKind.NO_LINK: True,
    FaultKind.REPEATED_LINK: False,
    FaultKind.FOREIGN_LINK: False,
}
"""Whether a run does as well under a fault that lasts, whatever it strikes."""
HARMLESS_TO: Final = frozenset({CallClass.DOCKER_IMAGES, CallClass.UPLOAD_CANCEL})
"""What a run can do without: mirrors are then listed one repository at a time, and uploads expire."""
HARMLESS: Final = frozenset(
    {
        Cell(FaultKind.FOREIGN_LOCATION, CallClass.MOUNT),  # of a blob that is mounted, nobody follows it
        Cell(FaultKind.WRONG_BYTES, CallClass.TOKEN),  # it strikes the second name of the token
        # What is named by its digest is measured by its bytes; what seems to be another is placed, which is idempotent.
        Cell(FaultKind.WRONG_DIGEST, CallClass.BLOB_GET),
        Cell(FaultKind.WRONG_DIGEST, CallClass.MANIFEST_GET),
        Cell(FaultKind.WRONG_DIGEST, CallClass.MANIFEST_HEAD),
        Cell(FaultKind.WRONG_DIGEST, CallClass.MOUNT),
        Cell(FaultKind.WRONG_DIGEST, CallClass.UPLOAD),
    }
)
FINAL: Final = frozenset(
    {
        Cell(FaultKind.WRONG_DIGEST, CallClass.MANIFEST_PUT),
        Cell(FaultKind.WRONG_DIGEST, CallClass.TAG_PUT),
        Cell(FaultKind.REPEATED_LINK, CallClass.TAGS),
        Cell(FaultKind.FOREIGN_LINK, CallClass.TAGS),
    }
)
"""Where an answer fails the edges it concerns even once: no accident on the way makes one like it, and to ask again
would be to trust the host that gave it."""
THROTTLES: Final = frozenset(
    {FaultKind.THROTTLED, FaultKind.THROTTLED_BARE, FaultKind.THROTTLED_DATE, FaultKind.OVERLOADED}
)
REFUSALS: Final = THROTTLES | {
    FaultKind.ERROR_500,
    FaultKind.ERROR_502,
    FaultKind.ERROR_503,
    FaultKind.ERROR_504,
    FaultKind.RESET,
}
LEAVES_UPLOADS: Final = frozenset(
    {Cell(FaultKind.LOST_ANSWER, CallClass.UPLOAD_START), Cell(FaultKind.FOREIGN_LOCATION, CallClass.UPLOAD_START)}
)
"""Where uploads stay open on the registry: their names never came, or may not be followed."""
LEAVES_UPLOADS_WHEN_IT_LASTS: Final = LEAVES_UPLOADS | {
    Cell(kind, CallClass.UPLOAD_CANCEL) for kind in (*REFUSALS, FaultKind.LOST_ANSWER)
}
"""There the registry refuses to take them back, too, or never says for which token it would."""
WHOLE: Final = os.environ.get("CIP_FAULT_MATRIX") == "whole"
LASTING: Final = tuple(
    cell
    for cell in CELLS
    if WHOLE or cell.kind not in THROTTLES or cell.on in (CallClass.TAGS, CallClass.DOCKER_IMAGES)
)


def is_harmless(cell: Cell) -> bool:
    """Whether a run does as well under this, however long it lasts."""
    return HARMLESS_KINDS[cell.kind] or cell.on in HARMLESS_TO or cell in HARMLESS


async def struck(make: MakeScene, cell: Cell, *, times: int | None) -> tuple[Scene, str]:
    """A scene in which the fault will strike one host, and only the repository of one image where it has one."""
    made = await make(google=cell.on is CallClass.DOCKER_IMAGES)
    servers = made.staging.servers
    host = made.staging.source if cell.on in READ_OF_THE_SOURCE else made.staging.mirrors[0]
    repository = f"{'staging' if cell.on in READ_OF_THE_SOURCE else made.staging.prefix}/app"
    if cell.on is CallClass.DOCKER_IMAGES:
        host, repository = API_HOST, "prod/images"
    if cell.on is CallClass.STORAGE:
        servers[host].rules.blobs_redirect_to = servers.endpoints[host]
        servers[host].auth = None  # a bucket refuses what a registry asks for
    if cell.on is CallClass.UPLOAD_CANCEL:
        servers[host].faults.add("500", on=["upload"], repository=repository, times=1)
    servers[host].faults.add(
        cell.kind,
        on=[cell.on],
        repository=None if cell.on in WITHOUT_REPOSITORY else repository,
        times=times,
        seconds=0.0,
        elsewhere=servers.endpoints[ELSEWHERE],
    )
    return made, host


def concerned(made: Scene, cell: Cell, edge: EdgeReport) -> bool:
    """Whether the fault can be the reason that this edge failed."""
    on_source = cell.on in READ_OF_THE_SOURCE
    here = on_source or edge.destination.host == made.staging.mirrors[0]
    return here and (cell.on in WITHOUT_REPOSITORY or edge.destination.path.endswith("/app"))


async def meet(
    made: Scene, cell: Cell, host: str, settings: Settings, leaving: AbstractSet[Cell], record: Record
) -> list[EdgeReport]:
    """Promote, then promote again without the fault; return what the first run left undone. No promise is broken."""
    report = await made.run(settings)
    hits = sum(entry.fault == cell.kind for entry in made.staging.servers[host].ledger.entries)
    open_uploads = made.open_uploads()
    made.clear_faults()
    second = undone(await made.run(PATIENT))
    found = told(made, report, record)
    assert hits
    assert (second, found) == ([], ([], [], []))
    if cell not in leaving:
        assert open_uploads == 0
    return undone(report)


def assert_they_failed(made: Scene, cell: Cell, failed: list[EdgeReport]) -> None:
    """Some edges failed, only such as the fault concerns, and each says why."""
    assert failed
    assert {edge.fate for edge in failed} == {Fate.FAILED}
    assert [edge for edge in failed if not concerned(made, cell, edge)] == []
    assert all(edge.reason for edge in failed)


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_what_passes_is_cured(cell: Cell, scene: MakeScene, record_property: Record) -> None:
    made, host = await struck(scene, cell, times=2)
    failed = await meet(made, cell, host, PATIENT, LEAVES_UPLOADS, record_property)
    if cell in FINAL:
        assert_they_failed(made, cell, failed)
    else:
        assert failed == []


@pytest.mark.parametrize("cell", LASTING, ids=str)
async def test_what_lasts_fails_what_it_concerns_and_nothing_else(
    cell: Cell, scene: MakeScene, record_property: Record
) -> None:
    made, host = await struck(scene, cell, times=None)
    failed = await meet(made, cell, host, HASTY, LEAVES_UPLOADS_WHEN_IT_LASTS, record_property)
    if is_harmless(cell):
        assert failed == []
    else:
        assert_they_failed(made, cell, failed)


def test_the_matrix_says_of_every_fault_what_becomes_of_it() -> None:
    assert HARMLESS_KINDS.keys() == set(FaultKind)
    assert {cell.kind for cell in CELLS} == set(FaultKind)
    assert {*HARMLESS, *FINAL, *LEAVES_UPLOADS_WHEN_IT_LASTS} <= {*CELLS}


async def test_the_matrix_has_every_request_of_a_promotion(scene: MakeScene) -> None:
    sent: set[CallClass] = set()
    for on in (CallClass.UPLOAD_CANCEL, CallClass.STORAGE, CallClass.DOCKER_IMAGES):
        made, _ = await struck(scene, Cell(FaultKind.SLOW, on), times=0)
        await made.run(PATIENT)
        sent |= {entry.call_class for host in made.staging.servers.registries.values() for entry in host.ledger.entries}
    assert sent == PROMOTIONS_SEND
