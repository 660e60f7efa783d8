"""Whatever is asked of the fake registry, in whatever order, what it shows is whole."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cip_async.fake_registry import images
from cip_async.fake_registry.blobs import get_blob, mount_blob
from cip_async.fake_registry.content import Held
from cip_async.fake_registry.manifests import put_manifest
from cip_async.fake_registry.pages import page
from cip_async.fake_registry.rules import Rules
from cip_async.fake_registry.store import Store
from cip_async.reference import Digest, Tag
from tests.unit.fake_registry.visits import refused, sent, visit

_BASE: Final = images.layer("base")
_NESTED: Final = images.index(
    images.multi_arch(seed="inner", shared_layers=[_BASE], layers=1),
    images.single(seed="other", layers=[_BASE], image_format="docker"),
)
_MEMBERS: Final = (*_NESTED.family(), images.artifact(seed="signature", subject=_NESTED))
_BLOBS: Final = {digest: content for member in _MEMBERS for digest, content in member.blobs.items()}

paths = st.sampled_from(["staging", "prod"])
tags = st.sampled_from([Tag("v1"), Tag("v2")])
members = st.sampled_from(_MEMBERS)
digests = st.sampled_from(sorted(_BLOBS))


class Requests(RuleBasedStateMachine):
    """Uploads, mounts and PUTs of everything into two repositories; what comes too early is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()

    @rule(path=paths, digest=digests)
    def upload(self, path: str, digest: Digest) -> None:
        """Push a blob."""
        self.store.add_blob(path, _BLOBS[digest])

    @rule(path=paths, member=members)
    def upload_all(self, path: str, member: images.Image) -> None:
        """Push all blobs of an image."""
        images.push_blobs(self.store, path, member)

    @rule(path=paths, source=paths, digest=digests)
    def mount(self, path: str, source: str, digest: Digest) -> None:
        """Mount a blob, where the source has it."""
        had = self.store.has_blob(source, digest)
        target = f"/v2/{path}/blobs/uploads/?mount={digest}&from={source}"
        assert mount_blob(visit("POST", target, store=self.store)).status == (201 if had else 202)

    @rule(path=paths, member=members, written=st.lists(tags, unique=True))
    def put(self, path: str, member: images.Image, written: list[Tag]) -> None:
        """PUT a document by digest with some tags; it is stored if and only if what it refers to is there."""
        target = f"/v2/{path}/manifests/{member.digest}?{'&'.join(f'tag={tag}' for tag in written)}"
        asked = visit("PUT", target, store=self.store, headers={"Content-Type": member.media_type})
        if any(self.store.shelf_or_empty(path).absent(member.document)):
            with refused(400, "MANIFEST_BLOB_UNKNOWN"):
                put_manifest(asked, member.body)
        else:
            assert put_manifest(asked, member.body).status == 201
            assert all(self.store.repository(path).tags[tag] == member.digest for tag in written)

    @invariant()
    def nothing_is_missing(self) -> None:
        """All that documents and tags refer to is there, and was when each tag was written."""
        assert self.store.missing_content() == []
        assert self.store.early_tags() == []


TestRequests = Requests.TestCase


@given(
    names=st.lists(st.from_regex(r"[a-z0-9_]{1,3}", fullmatch=True), unique=True).map(sorted),
    page_size=st.integers(1, 5),
    n=st.none() | st.integers(1, 7),
)
def test_following_the_links_gives_every_name_once_in_order(names: list[str], page_size: int, n: int | None) -> None:
    target = "/v2/path/tags/list" + ("" if n is None else f"?n={n}")
    seen: list[str] = []
    while target:
        cut, headers = page(visit("GET", target, rules=Rules(page_size=page_size)), names)
        assert len(cut) <= min(page_size, page_size if n is None else n)
        seen += cut
        target = headers.get("Link", "").removeprefix("<").partition(">")[0]
    assert seen == names


@given(data=st.binary(min_size=1, max_size=50), first=st.integers(0, 60), length=st.integers(1, 60))
def test_a_range_is_that_part_of_the_blob(data: bytes, first: int, length: int) -> None:
    store = Store()
    digest = store.add_blob("path", Held(data))
    headers = {"Range": f"bytes={first}-{first + length - 1}"}
    asked = visit("GET", f"/v2/path/blobs/{digest}", store=store, headers=headers)
    if first >= len(data):
        with refused(416, "RANGE_INVALID"):
            get_blob(asked)
    else:
        reply = get_blob(asked)
        assert (reply.status, sent(reply)) == (206, data[first : first + length])
