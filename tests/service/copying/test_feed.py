"""How fast promotions are fed to the placements, and that whoever makes them waits."""

from collections.abc import Iterable, Sequence

import anyio
import attrs
import pytest

from cip_async.copying.crew import Crew
from cip_async.copying.feed import Feed
from cip_async.copying.graph import Want
from cip_async.errors import CipError
from cip_async.fake_registry import images
from cip_async.model.image import ImageDocument
from cip_async.reference import Digest, Host
from tests.service.copying.conftest import Copying, Make, wanted

pytestmark = pytest.mark.anyio


@attrs.define
class Feeding:
    """Groups of promotions that are fed one after the other, where there is no room for any until `room` is set."""

    copy: Copying
    room: anyio.Event = attrs.field(factory=anyio.Event)
    added: list[str] = attrs.field(factory=list)
    ready: list[Digest] = attrs.field(factory=list)

    async def run(self, crew: Crew) -> None:
        assert self.copy.documents is not None
        feed = Feed(
            documents=self.copy.documents,
            crew=lambda host: crew,
            wait_for_room=self.wait_for_room,
            has_all_of=lambda repository, document: False,
            on_ready=self.on_ready,
            on_unreadable=self.on_unreadable,
            most_waiting=4,
        )
        for plan in self.copy.plans:
            await feed.add(plan.pair.source, [plan])
            self.added.append(plan.pair.source.path)

    async def wait_for_room(self, hosts: Iterable[Host]) -> None:
        await self.room.wait()

    def on_ready(self, wants: Sequence[Want], documents: dict[Digest, ImageDocument], content_is_there: bool) -> None:
        self.ready += [want.digest for want in wants]

    def on_unreadable(self, wants: Sequence[Want], error: CipError) -> None:
        raise AssertionError(error)


@pytest.fixture
async def feeding(copying: Make) -> Feeding:
    """Five groups of three images each."""
    copy = await copying(hosts=("gcr.io", "eu.gcr.io"))
    for number in range(5):
        several = [wanted(images.single(seed=f"{number} {seed}"), f"v{seed}") for seed in range(3)]
        copy.plan(f"app{number}", *several, to=["eu.gcr.io/prod"])
    await copy.begin()
    return Feeding(copy)


@pytest.mark.parametrize("workers", [1, 10])
async def test_no_more_groups_are_taken_while_nothing_is_placed(feeding: Feeding, workers: int) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(feeding.run, Crew(tasks, workers))
        await anyio.wait_all_tasks_blocked()
        assert feeding.added == ["staging/app0"]
        assert feeding.ready == []
        feeding.room.set()
    assert feeding.added == [f"staging/app{number}" for number in range(5)]
    assert len(feeding.ready) == 15
