"""A whole promotion between registries of every habit that real ones differ in, without faults and with some that pass.

All that is wanted gets there, no promise is broken on the way, no upload stays open, and a second run writes nothing.
"""

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any, Final

import attrs
import pytest

from cip_async.fake_registry import images
from cip_async.fake_registry.calls import CallClass
from cip_async.fake_registry.faults import FaultKind
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.tokens import TokenAuth
from cip_async.model.outcome import Fate
from cip_async.reporting.edges import all_edges
from cip_async.settings import MIB, Retries, Settings
from tests.service.faults.conftest import MakeScene, Record, Scene, state, told, undone
from tests.service.tripwire import once

pytestmark = pytest.mark.anyio

PATIENT: Final = Settings(
    threads=4, retries=Retries(request_s=20.0, first_delay_s=0.001, longest_delay_s=0.01, host_failures=1000)
)
"""Asks for little at a time, so that few requests wait with a token that expires meanwhile."""

HABITS: Final[dict[str, dict[str, Any]]] = {
    "locations by path": {"locations": "relative"},
    "locations nearby": {"locations": "nearby"},
    "locations without a scheme": {"locations": "schemeless"},
    "locations with an origin": {"locations": "absolute"},
    "locations with the public name": {"locations": "public"},
    "locations that may be written otherwise": {"exact_locations": False},
    "tags in reverse": {"tag_order": "reversed"},
    "tags as they were pushed": {"tag_order": "pushed"},
    "a page for each tag": {"page_size": 1},
    "a page for each tag, in reverse": {"page_size": 1, "tag_order": "reversed"},
    "a page for each tag, as they were pushed, linked nearby": {
        "page_size": 1,
        "tag_order": "pushed",
        "locations": "nearby",
    },
    "no pages": {"paginated": False},
    "untagged is null": {"untagged": "null"},
    "untagged is unknown": {"untagged": "unknown"},
    "several tags a PUT": {"several_tags": True},
    "few tags a PUT": {"several_tags": True, "most_tags": 1},
    "tags that do not move": {"immutable_tags": "moves"},
    "tags that are written once": {"immutable_tags": "all"},
    "tags that are written once, several a PUT": {"immutable_tags": "all", "several_tags": True},
    "no mounts": {"mounts": False},
    "mounts from anywhere": {"mounts_from_anywhere": True},
    "no upload in one POST": {"single_post": False},
    "references that nobody validates": {"accept_missing": True},
    "references that nobody validates, and no mounts": {"accept_missing": True, "mounts": False},
    "BLOB_UNKNOWN": {"unknown_code": "BLOB_UNKNOWN"},
    "what is unknown is not named": {"unknown_named": False},
    "types that nobody asks for": {"strict_accept": False},
    "no referrers": {"referrers": False},
    "nothing is deleted": {"deletes": False},
    "distribution 2.8": attrs.asdict(Rules.distribution()),
}
PASSING: Final[dict[str, tuple[FaultKind, CallClass] | None]] = {
    "well": None,
    "a lost tag": (FaultKind.LOST_ANSWER, CallClass.TAG_PUT),
    "a lost blob": (FaultKind.LOST_ANSWER, CallClass.UPLOAD),
    "an upload that fails": (FaultKind.ERROR_500, CallClass.UPLOAD),
    "a page that is cut off": (FaultKind.TRUNCATED, CallClass.TAGS),
    "content that is gone": (FaultKind.CONTENT_UNKNOWN, CallClass.TAG_PUT),
}


def test_every_rule_of_a_registry_without_an_extension_is_a_habit() -> None:
    others = {
        "listing": "Google's, which the matrix of faults has",
        "google_unknown": "Google's",
        "origin_mounts": "Google's",
        "links": "listings that are cut off are refused, not promoted from",
        "checked_chunks": "a promotion sends no chunks",
        "smallest_chunk_bytes": "a promotion sends no chunks",
        "largest_manifest_bytes": "a limit that no image here comes near",
        "keeps_uploads": "a convenience of benchmarks",
        "blobs_redirect_to": "the matrix of faults has it",
    }
    rules = {name for habit in HABITS.values() for name in habit if habit is not HABITS["distribution 2.8"]}
    assert rules | others.keys() == {field.name for field in attrs.fields(Rules)}
    assert not rules & others.keys()


async def promoted(made: Scene, record: Record) -> None:
    """Promote it, and check all that must hold."""
    report = await made.run(PATIENT)
    open_uploads = made.open_uploads()
    writes = [len(made.staging.servers[mirror].ledger.writes()) for mirror in made.staging.mirrors]
    again = await made.run(PATIENT)
    found = told(made, report, record)
    assert undone(report) == []
    assert {edge.fate for edge in all_edges(again)} == {Fate.ALREADY_PROMOTED}
    assert [len(made.staging.servers[mirror].ledger.writes()) for mirror in made.staging.mirrors] == writes
    assert (found, open_uploads) == (([], [], []), 0)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("habit", HABITS)
async def test_a_promotion_meets_registries_of_any_habit(
    scene: MakeScene, habit: str, fault: str, record_property: Record
) -> None:
    made = await scene(**HABITS[habit])
    struck = PASSING[fault]
    if struck is not None:
        kind, on = struck
        for mirror in made.staging.mirrors:
            made.staging.servers[mirror].faults.add(kind, on=[on], repository="prod/app", times=1)
    await promoted(made, record_property)
    if struck is not None:
        ledgers = (made.staging.servers[mirror].ledger for mirror in made.staging.mirrors)
        assert all(any(entry.fault == struck[0] for entry in ledger.entries) for ledger in ledgers)


def tokens(made: Scene) -> Iterator[TokenAuth]:
    """What gives out the tokens of each host that asks for some."""
    for host in made.staging.servers.registries.values():
        if isinstance(host.auth, TokenAuth):
            yield host.auth


@pytest.mark.parametrize("fault", ["well", "a lost tag", "an upload that fails"])
async def test_tokens_may_be_good_for_no_time_at_all_by_their_own_word(
    scene: MakeScene, fault: str, record_property: Record
) -> None:
    made = await scene()
    for auth in tokens(made):
        auth.lifetime_s = 0.9  # told as 0 whole seconds
    struck = PASSING[fault]
    if struck is not None:
        made.staging.servers["one.example"].faults.add(struck[0], on=[struck[1]], times=1)
    await promoted(made, record_property)
    assert all(auth.issued > 10 for auth in tokens(made))


@pytest.mark.parametrize("fault", ["well", "a lost tag", "an upload that fails"])
async def test_tokens_may_expire_sooner_than_they_say_again_and_again(
    scene: MakeScene, fault: str, record_property: Record
) -> None:
    made = await scene()
    for host in made.staging.servers.registries.values():
        host.clock = partial(next, count(0.0))  # a second for each request
    for auth in tokens(made):
        auth.lifetime_s = 40.0
    struck = PASSING[fault]
    if struck is not None:
        made.staging.servers["one.example"].faults.add(struck[0], on=[struck[1]], times=1)
    await promoted(made, record_property)
    expired = [
        entry
        for mirror in made.staging.mirrors
        for entry in made.staging.servers[mirror].ledger.entries
        if entry.status == 401 and entry.authorization
    ]
    assert len(expired) >= len(made.staging.mirrors)


@pytest.mark.parametrize("habit", ["locations by path", "locations with the public name", "no mounts"])
async def test_a_token_may_expire_while_a_large_layer_is_on_its_way(
    scene: MakeScene, habit: str, record_property: Record
) -> None:
    made = await scene(**HABITS[habit])
    staging = made.staging
    large = images.layer("large", 8 * MIB)
    staging.push("app", images.single(seed="large", layers=[large]), "v3")
    for name in staging.mirrors:
        host = staging.servers[name]
        assert isinstance(host.auth, TokenAuth)
        once(host, CallClass.UPLOAD, host.auth.revoke)
    await promoted(_as_it_is_now(made), record_property)
    for name in staging.mirrors:
        assert staging.servers[name].ledger.count(call_class=CallClass.UPLOAD, status=401)


def _as_it_is_now(made: Scene) -> Scene:
    """The scene after something was done to it by hand."""
    return attrs.evolve(made, before=state(made.staging))


@pytest.mark.parametrize("accept_missing", [False, True])
@pytest.mark.parametrize("lost", ["the index", "a child", "a layer"])
async def test_what_the_source_has_lost_a_part_of_fails_alone_and_gets_no_tag(
    scene: MakeScene, lost: str, accept_missing: bool, record_property: Record
) -> None:
    made = await scene(accept_missing=accept_missing)
    staging, broken = made.staging, images.multi_arch(seed="broken")
    staging.push("app", broken, "v8", "v9")
    source = staging.servers[staging.source].store
    if lost == "a layer":
        source.drop_blob("staging/app", next(iter(broken.children[0].blobs)))
    else:
        source.drop_document("staging/app", broken.digest if lost == "the index" else broken.children[0].digest)
    made = _as_it_is_now(made)

    report = await made.run(PATIENT)

    wrong = [each for each in made.broken_promises() if staging.source not in each]  # which has lost what we took
    record_property("edges", sum(1 for _ in all_edges(report)))
    record_property("wrong", len(wrong))
    failed = undone(report)
    assert {edge.digest for edge in failed} == {broken.digest}
    assert [edge.fate for edge in failed] == [Fate.LOST if lost == "the index" else Fate.FAILED] * 4
    assert all(edge.reason for edge in failed)
    assert wrong == []
    assert (made.open_uploads(), list(made.leaks())) == (0, [])
