"""Documents read from their source: each once, and in the right shape."""

import anyio
import pytest

from cip_async.copying.documents import Documents
from cip_async.errors import NotFound, RegistryError, UntrustedAnswer
from cip_async.fake_registry import images
from cip_async.reference import Digest, parse_repository
from tests.service.copying.conftest import HASTY, Copying, Make

pytestmark = pytest.mark.anyio

APP = parse_repository("gcr.io/staging/app")
MULTI = images.multi_arch(seed="multi")
NESTED = images.index(MULTI, MULTI.children[0], images.single(seed="beside"))


@pytest.fixture
async def copy(copying: Make) -> Copying:
    """A source that holds a nested index."""
    copy = await copying(hosts=("gcr.io",), settings=HASTY)
    copy.push(str(APP), NESTED)
    await copy.begin()
    return copy


@pytest.fixture
def documents(copy: Copying) -> Documents:
    assert copy.documents is not None
    return copy.documents


async def trees(documents: Documents, digest: Digest) -> None:
    """Five who want the same at the same time."""
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(documents.tree, APP, digest)


async def test_a_tree_is_everything_below_a_document(documents: Documents) -> None:
    tree = await documents.tree(APP, NESTED.digest)
    assert {digest: document.body for digest, document in tree.items()} == {
        member.digest: member.body for member in NESTED.family()
    }


async def test_a_document_is_read_once_however_many_want_it(copy: Copying, documents: Documents) -> None:
    await trees(documents, NESTED.digest)
    await trees(documents, MULTI.digest)
    assert copy.requests("gcr.io") == {"manifest-get": len(list(NESTED.family()))}


async def test_the_top_alone_costs_one_read(copy: Copying, documents: Documents) -> None:
    assert (await documents.top(APP, NESTED.digest)).keys() == {NESTED.digest}
    assert copy.requests("gcr.io") == {"manifest-get": 1}


async def test_what_was_forgotten_is_read_again(copy: Copying, documents: Documents) -> None:
    await documents.document(APP, MULTI.digest)
    documents.forget(APP)
    documents.forget(parse_repository("gcr.io/staging/never-read"))
    await documents.document(APP, MULTI.digest)
    assert copy.requests("gcr.io") == {"manifest-get": 2}


async def test_what_is_absent_is_proven_absent(documents: Documents) -> None:
    absent = images.single(seed="absent").digest
    assert await documents.document(APP, absent) is None
    with pytest.raises(NotFound, match=f"gcr.io: staging/app@{absent}: this manifest is not there"):
        await documents.top(APP, absent)


async def test_a_lost_child_is_named(copy: Copying, documents: Documents) -> None:
    lost = MULTI.children[1].digest
    copy.host("gcr.io").store.drop_document(APP.path, lost)
    with pytest.raises(NotFound, match=lost):
        await documents.tree(APP, NESTED.digest)


async def test_a_failure_is_not_absence_and_not_remembered(copy: Copying, documents: Documents) -> None:
    copy.host("gcr.io").faults.add("wrong-bytes", on=["manifest-get"], times=3)
    with pytest.raises(RegistryError):
        await documents.document(APP, MULTI.digest)
    assert await documents.document(APP, MULTI.digest) is not None


async def test_indexes_may_nest_as_deep_as_the_limit_and_no_deeper(copy: Copying, documents: Documents) -> None:
    deepest = images.single(seed="bottom")
    for _ in range(4):
        deepest = images.index(deepest)
    too_deep = images.index(deepest)
    copy.push(str(APP), too_deep)
    assert len(await documents.tree(APP, deepest.digest)) == 5
    with pytest.raises(UntrustedAnswer, match="indexes nest deeper than 4"):
        await documents.tree(APP, too_deep.digest)


async def test_parts_are_a_document_and_what_is_lacking_below_it(copy: Copying, documents: Documents) -> None:
    mirror = parse_repository("gcr.io/prod/app")
    copy.push(str(mirror), NESTED)
    child, grandchild = MULTI.digest, MULTI.children[0].digest
    parts = await documents.parts(mirror, NESTED.digest, {child: APP, grandchild: APP})
    assert parts.keys() == {NESTED.digest, child, grandchild}
    read = [entry.target.split("/manifests/") for entry in copy.host("gcr.io").ledger.entries]
    assert sorted(read) == sorted(
        [["/v2/prod/app", NESTED.digest], ["/v2/staging/app", child], ["/v2/staging/app", grandchild]]
    )
