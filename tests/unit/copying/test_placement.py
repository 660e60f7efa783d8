"""What can be done next, after each thing that was done."""

from collections.abc import Iterable

import attrs

from cip_async.copying.graph import BlobNode, Bring, DocumentNode, Failed, Mount, Put, Release, Step
from cip_async.copying.placement import Placements
from cip_async.errors import CipError, ContentUnknown, Unavailable
from cip_async.planning.learnt import HostFacts, Learnt, Relayed
from cip_async.reference import Host, Repository
from tests.unit.copying.samples import (
    AT_HOME,
    EU,
    EU_OTHER,
    EU_THIRD,
    SOURCE,
    US,
    Documents,
    digest,
    documents,
    image,
    index,
    want,
)

BROKEN = Unavailable("eu.gcr.io", "PUT", "broken")
UNKNOWN = ContentUnknown("eu.gcr.io", "PUT", "unknown", status=400, code="MANIFEST_BLOB_UNKNOWN", unknown=())
NAMES = {digest(name): name for name in ("app", "other", "multi", "super", "layer", "config", "one", "two")}

APP = documents(image("app", "config", "layer"))
MULTI = documents(index("multi", "one", "two"), image("one", "layer"), image("two", "layer"))


class Placing:
    """Placements, and the steps that are out, by what they are for."""

    def __init__(self, *, mounts_across: bool = False, validates: bool = False) -> None:
        self.learnt = Learnt()
        self.placements = Placements(
            self.learnt, mounts_across=lambda one, other: mounts_across, validates=lambda host: validates
        )
        self.out: dict[tuple[str, Repository], BlobNode | DocumentNode] = {}
        self.errors: list[CipError] = []

    def add(
        self,
        name: str,
        *tags: str,
        to: Repository = EU,
        of: Documents = APP,
        source: Repository = SOURCE,
        content_is_there: bool = False,
    ) -> list[str]:
        wanted = want(name, *tags, to=to, source=source)
        return self.told(self.placements.add(wanted, of, content_is_there=content_is_there))

    def blob(self, name: str, to: Repository = EU) -> BlobNode:
        node = self.out.pop((name, to))
        assert isinstance(node, BlobNode)
        return node

    def document(self, name: str, to: Repository = EU) -> DocumentNode:
        node = self.out.pop((name, to))
        assert isinstance(node, DocumentNode)
        return node

    def uploaded(self, name: str, to: Repository = EU) -> list[str]:
        return self.told(self.placements.uploaded(self.blob(name, to)))

    def mounted(self, name: str, to: Repository = EU) -> list[str]:
        return self.told(self.placements.mounted(self.blob(name, to)))

    def refused(self, name: str, to: Repository = EU, *, session: bool = True) -> list[str]:
        return self.told(self.placements.mount_refused(self.blob(name, to), session=session))

    def failed(self, name: str, to: Repository = EU, *, for_all: bool = False) -> list[str]:
        return self.told(self.placements.blob_failed(self.blob(name, to), BROKEN, for_all=for_all))

    def put(self, name: str, to: Repository = EU) -> list[str]:
        node = self.document(name, to)
        node.wants.clear()
        return self.told(self.placements.put_done(node))

    def put_failed(self, name: str, to: Repository = EU) -> list[str]:
        return self.told(self.placements.put_failed(self.document(name, to), BROKEN))

    def unknown(self, name: str, *named: str, to: Repository = EU, of: Documents = APP) -> list[str]:
        node = self.document(name, to)
        return self.told(self.placements.content_unknown(node, of, UNKNOWN, map(digest, named)))

    def told(self, steps: Iterable[Step]) -> list[str]:
        return [self.tell(step) for step in steps]

    def tell(self, step: Step) -> str:
        match step:
            case Mount(node, origin):
                self.out[NAMES[node.digest], node.repository] = node
                return f"mount {NAMES[node.digest]} from {origin} into {node.repository}"
            case Bring(node):
                self.out[NAMES[node.digest], node.repository] = node
                return f"bring {NAMES[node.digest]} to {node.repository}"
            case Put(document):
                self.out[NAMES[document.digest], document.repository] = document
                return f"put {NAMES[document.digest]} in {document.repository}"
            case Release((released, _)):
                return f"release {NAMES[released]}"
            case Failed(wanted, error):
                self.errors.append(error)
                return f"{NAMES[wanted.digest]} failed in {wanted.destination}"


def test_an_image_waits_for_all_its_blobs() -> None:
    placing = Placing()
    assert placing.add("app", "v1") == [f"bring config to {EU}", f"bring layer to {EU}"]
    assert placing.uploaded("config") == ["release config"]
    assert placing.uploaded("layer") == ["release layer", f"put app in {EU}"]
    assert placing.put("app") == []


def test_an_index_waits_for_all_its_children() -> None:
    placing = Placing()
    assert placing.add("multi", "v1", of=MULTI) == [f"bring layer to {EU}"]
    assert placing.uploaded("layer") == ["release layer", f"put one in {EU}", f"put two in {EU}"]
    assert placing.put("one") == []
    assert placing.put("two") == [f"put multi in {EU}"]


def test_an_index_of_indexes_waits_for_them() -> None:
    nested = MULTI | documents(index("super", "multi", "one"))
    placing = Placing()
    placing.add("super", "v1", of=nested)
    placing.uploaded("layer")
    placing.put("one")
    assert placing.put("two") == [f"put multi in {EU}"]
    assert placing.put("multi") == [f"put super in {EU}"]


def test_a_document_that_refers_to_nothing_is_put_at_once() -> None:
    assert Placing().add("app", of=documents(image("app"))) == [f"put app in {EU}"]
    assert Placing().add("multi", of=documents(index("multi"))) == [f"put multi in {EU}"]


def test_where_the_content_is_there_only_the_document_is_put() -> None:
    assert Placing().add("app", "v2", content_is_there=True) == [f"put app in {EU}"]


def test_a_layer_that_images_of_a_repository_share_is_brought_once() -> None:
    both = documents(image("app", "layer"), image("other", "layer"))
    placing = Placing()
    assert placing.add("app", of=both) == [f"bring layer to {EU}"]
    assert placing.add("other", of=both) == []
    assert placing.uploaded("layer") == ["release layer", f"put app in {EU}", f"put other in {EU}"]


def test_a_layer_that_is_there_already_is_not_brought_again() -> None:
    both = documents(image("app", "layer"), image("other", "layer"))
    placing = Placing()
    placing.add("app", of=both)
    placing.uploaded("layer")
    assert placing.add("other", of=both) == [f"put other in {EU}"]


def test_blobs_and_documents_of_one_digest_are_two_things() -> None:
    odd = documents(image("app", "one"), image("one", "layer"))
    placing = Placing()
    assert placing.add("app", of=odd) == [f"bring one to {EU}"]
    assert placing.add("one", of=odd) == [f"bring layer to {EU}"]


class TestOneHost:
    def test_what_the_source_host_holds_is_mounted_from_the_source(self) -> None:
        placing = Placing()
        assert placing.add("app", to=AT_HOME) == [
            f"mount config from {SOURCE} into {AT_HOME}",
            f"mount layer from {SOURCE} into {AT_HOME}",
        ]
        placing.mounted("config", AT_HOME)
        assert placing.mounted("layer", AT_HOME) == ["release layer", f"put app in {AT_HOME}"]

    def test_what_one_repository_got_is_mounted_into_the_others(self) -> None:
        placing = Placing()
        placing.add("app")
        placing.uploaded("layer")
        assert placing.add("app", to=EU_OTHER) == [f"mount layer from {EU} into {EU_OTHER}"]

    def test_followers_wait_for_the_leader_and_mount_from_it(self) -> None:
        placing = Placing()
        placing.add("app", of=documents(image("app", "layer")))
        assert placing.add("app", to=EU_OTHER, of=documents(image("app", "layer"))) == []
        assert placing.uploaded("layer") == [f"mount layer from {EU} into {EU_OTHER}", f"put app in {EU}"]
        assert placing.mounted("layer", EU_OTHER) == ["release layer", f"put app in {EU_OTHER}"]

    def test_a_thousand_followers_need_one_upload(self) -> None:
        placing = Placing()
        repositories = [Repository(EU.host, f"prod/app{number}") for number in range(1000)]
        of = documents(image("app", "layer"))
        steps = [step for repository in repositories for step in placing.add("app", to=repository, of=of)]
        assert steps == [f"bring layer to {repositories[0]}"]
        assert len(placing.uploaded("layer", repositories[0])) == 1000

    def test_hosts_lead_apart(self) -> None:
        placing = Placing()
        placing.add("app")
        assert placing.add("app", to=US) == [f"bring config to {US}", f"bring layer to {US}"]

    def test_a_follower_takes_over_from_a_leader_that_failed(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        for repository in (EU, EU_OTHER, EU_THIRD):
            placing.add("app", to=repository, of=of)
        assert placing.failed("layer") == [f"app failed in {EU}", f"bring layer to {EU_OTHER}"]
        assert placing.uploaded("layer", EU_OTHER) == [
            f"mount layer from {EU_OTHER} into {EU_THIRD}",
            f"put app in {EU_OTHER}",
        ]

    def test_nobody_takes_over_where_the_bytes_are_not_to_be_had(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", of=of)
        placing.add("app", to=EU_OTHER, of=of)
        assert placing.failed("layer", for_all=True) == [
            f"app failed in {EU}",
            "release layer",
            f"app failed in {EU_OTHER}",
        ]

    def test_one_who_has_another_source_takes_over_even_then(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", of=of)
        placing.add("app", to=EU_OTHER, of=of)
        placing.add("app", to=EU_THIRD, of=of, source=Repository(SOURCE.host, "staging/other"))
        assert placing.failed("layer", for_all=True) == [
            f"app failed in {EU}",
            f"app failed in {EU_OTHER}",
            f"bring layer to {EU_THIRD}",
        ]

    def test_who_was_refused_a_mount_uploads_into_that_session_without_waiting_for_a_leader(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", to=AT_HOME, of=of)
        other = Repository(AT_HOME.host, "prod/other")
        placing.add("app", to=other, of=of)
        assert placing.refused("layer", AT_HOME) == [f"bring layer to {AT_HOME}"]
        assert placing.refused("layer", other) == [f"bring layer to {other}"]

    def test_spools_are_let_go_when_the_last_host_has_the_blob(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", of=of)
        placing.add("app", to=US, of=of)
        assert "release layer" not in placing.uploaded("layer")
        assert "release layer" in placing.uploaded("layer", US)


class TestHostsThatDoNotMount:
    def test_a_rebuff_is_no_proof(self) -> None:
        placing = Placing()
        placing.add("app", to=AT_HOME)
        placing.refused("config", AT_HOME, session=False)
        other = Repository(AT_HOME.host, "prod/other")
        assert placing.add("app", to=other)[1] == f"mount layer from {SOURCE} into {other}"

    def test_after_three_rebuffs_everything_is_brought(self) -> None:
        placing = Placing()
        repositories = [Repository(AT_HOME.host, f"prod/{number}") for number in range(4)]
        of = documents(image("app", "layer"))
        for repository in repositories[:3]:
            placing.add("app", to=repository, of=of)
            placing.refused("layer", repository, session=False)
        assert placing.add("app", to=repositories[3], of=of) == [f"bring layer to {repositories[3]}"]

    def test_a_host_that_once_mounted_goes_on_being_asked(self) -> None:
        placing = Placing()
        repositories = [Repository(AT_HOME.host, f"prod/{number}") for number in range(5)]
        of = documents(image("app", "layer"))
        placing.add("app", to=repositories[0], of=of)
        placing.mounted("layer", repositories[0])
        for repository in repositories[1:4]:
            placing.add("app", to=repository, of=of)
            placing.refused("layer", repository, session=False)
        assert placing.add("app", to=repositories[4], of=of) == [f"mount layer from {SOURCE} into {repositories[4]}"]

    def test_those_who_wait_when_it_is_found_out_bring_the_bytes_themselves(self) -> None:
        placing = Placing()
        placing.add("app")
        placing.add("app", to=EU_OTHER)
        placing.uploaded("config")
        placing.refused("config", EU_OTHER, session=False)
        for number in range(2):
            third = Repository(EU.host, f"prod/{number}")
            placing.add("app", to=third, of=documents(image("app", "config")))
            placing.refused("config", third, session=False)
        assert placing.uploaded("layer") == [f"bring layer to {EU_OTHER}", f"put app in {EU}"]


class TestWants:
    def test_a_want_for_what_is_being_put_is_seen_to_afterwards(self) -> None:
        placing = Placing()
        placing.add("multi", of=MULTI)
        placing.uploaded("layer")
        child = placing.document("one")
        assert placing.add("one", "v1", of=MULTI) == []
        assert placing.told(placing.placements.put_done(child)) == [f"put one in {EU}"]
        assert [each.tags for each in child.wants] == [("v1",)]

    def test_a_want_for_what_was_put_is_put_again_for_its_tags(self) -> None:
        placing = Placing()
        placing.add("app", of=documents(image("app")))
        placing.put("app")
        assert placing.add("app", "v1", of=documents(image("app"))) == [f"put app in {EU}"]
        assert placing.put("app") == []

    def test_two_sources_may_want_one_digest_in_one_repository(self) -> None:
        placing = Placing()
        of = documents(image("app"))
        assert placing.add("app", "v1", of=of) == [f"put app in {EU}"]
        assert placing.add("app", "v2", of=of, source=Repository(SOURCE.host, "staging/other")) == []
        assert len(placing.document("app").wants) == 2

    def test_what_failed_may_be_wanted_again(self) -> None:
        placing = Placing()
        placing.add("app")
        placing.failed("layer")
        assert placing.add("app", "v1") == [f"bring layer to {EU}"]


class TestFailures:
    def test_a_blob_that_fails_fails_all_that_needs_it_and_nothing_else(self) -> None:
        placing = Placing()
        of = MULTI | documents(image("app", "config"))
        placing.add("multi", of=of)
        placing.add("app", of=of)
        placing.add("one", "v1", of=of)
        assert placing.failed("layer") == ["release layer", f"one failed in {EU}", f"multi failed in {EU}"]
        assert placing.errors == [BROKEN, BROKEN]
        assert placing.uploaded("config") == ["release config", f"put app in {EU}"]

    def test_a_child_that_fails_fails_its_index(self) -> None:
        placing = Placing()
        placing.add("multi", of=MULTI)
        placing.uploaded("layer")
        assert placing.put_failed("one") == [f"multi failed in {EU}"]
        assert placing.put("two") == []

    def test_an_image_fails_once_however_many_of_its_blobs_do(self) -> None:
        placing = Placing()
        placing.add("app")
        assert placing.failed("layer") == ["release layer", f"app failed in {EU}"]
        assert placing.failed("config") == ["release config"]

    def test_a_want_added_while_the_put_fails_fails_with_it(self) -> None:
        placing = Placing()
        of = documents(image("app"))
        placing.add("app", "v1", of=of)
        placing.add("app", "v2", of=of, source=Repository(SOURCE.host, "staging/other"))
        assert placing.put_failed("app") == [f"app failed in {EU}"] * 2


class TestContentUnknown:
    def test_what_the_registry_names_is_placed_again(self) -> None:
        placing = Placing()
        placing.add("app")
        placing.uploaded("layer")
        placing.uploaded("config")
        assert placing.unknown("app", "layer") == [f"bring layer to {EU}"]
        assert placing.uploaded("layer") == ["release layer", f"put app in {EU}"]

    def test_everything_is_placed_again_if_it_names_nothing(self) -> None:
        placing = Placing()
        placing.add("app")
        placing.uploaded("layer")
        placing.uploaded("config")
        assert placing.unknown("app") == [f"bring config to {EU}", f"bring layer to {EU}"]

    def test_a_lost_blob_is_not_mounted_from_where_it_was_lost(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", of=of)
        placing.uploaded("layer")
        placing.unknown("app", "layer", of=of)
        assert placing.add("app", to=EU_OTHER, of=of) == []
        assert placing.uploaded("layer") == [f"mount layer from {EU} into {EU_OTHER}", f"put app in {EU}"]

    def test_it_is_tried_twice_and_then_given_up(self) -> None:
        placing = Placing()
        placing.add("app", of=documents(image("app", "layer")))
        for _ in range(2):
            placing.uploaded("layer")
            assert placing.unknown("app") == [f"bring layer to {EU}"]
        placing.uploaded("layer")
        assert placing.unknown("app") == [f"app failed in {EU}"]
        assert placing.errors == [UNKNOWN]

    def test_content_that_was_believed_to_be_there_is_placed(self) -> None:
        placing = Placing()
        placing.add("app", "v1", content_is_there=True)
        assert placing.unknown("app") == [f"bring config to {EU}", f"bring layer to {EU}"]

    def test_children_that_are_missing_are_put_again(self) -> None:
        placing = Placing()
        placing.add("multi", of=MULTI)
        placing.uploaded("layer")
        placing.put("one")
        placing.put("two")
        assert placing.unknown("multi", "two", of=MULTI) == [f"put two in {EU}"]
        assert placing.put("two") == [f"put multi in {EU}"]

    def test_a_child_that_failed_meanwhile_is_placed_again_from_its_blobs(self) -> None:
        of = MULTI | documents(index("super", "one"))
        placing = Placing()
        placing.add("multi", of=of)
        placing.add("super", of=of)
        placing.uploaded("layer")
        placing.put("two")
        placing.put("one")
        other = placing.document("super")
        assert placing.unknown("multi", "one", of=of) == [f"put one in {EU}"]
        assert placing.unknown("one", "layer", of=of) == [f"bring layer to {EU}"]
        assert placing.failed("layer") == ["release layer", f"multi failed in {EU}"]
        placing.out["super", EU] = other
        assert placing.unknown("super", "one", of=of) == [f"bring layer to {EU}"]
        assert placing.uploaded("layer") == ["release layer", f"put one in {EU}"]
        assert placing.put("one") == [f"put super in {EU}"]

    def test_what_is_being_placed_already_is_waited_for(self) -> None:
        of = documents(image("app", "layer"), image("other", "layer"))
        placing = Placing()
        placing.add("app", of=of)
        placing.add("other", of=of)
        placing.uploaded("layer")
        assert placing.unknown("app", of=of) == [f"bring layer to {EU}"]
        assert placing.unknown("other", of=of) == []
        assert placing.uploaded("layer") == ["release layer", f"put app in {EU}", f"put other in {EU}"]


class TestLearnt:
    """How blobs came to where they were missing is counted, each once for its repository."""

    BLOB = documents(image("app", "layer"))

    def learnt(self, placing: Placing) -> HostFacts:
        return placing.learnt.of(Host("eu.gcr.io"))

    def test_the_first_of_a_host_is_relayed_and_the_others_are_mounted(self) -> None:
        placing = Placing()
        for to in (EU, EU_OTHER):
            placing.add("app", "v1", to=to, of=self.BLOB)
        placing.uploaded("layer")
        placing.mounted("layer", EU_OTHER)
        assert self.learnt(placing) == HostFacts(mounted=1, first_relays=Relayed(blobs=1, size_bytes=10))

    def test_a_mount_that_opens_an_upload_is_told_from_one_that_does_not(self) -> None:
        placing = Placing()
        for to in (EU, EU_OTHER, EU_THIRD):
            placing.add("app", "v1", to=to, of=self.BLOB)
        placing.uploaded("layer")
        placing.refused("layer", EU_OTHER, session=True)
        placing.refused("layer", EU_THIRD, session=False)
        placing.uploaded("layer", EU_OTHER)
        placing.uploaded("layer", EU_THIRD)
        assert self.learnt(placing) == HostFacts(
            first_relays=Relayed(blobs=1, size_bytes=10),
            further_relays=Relayed(blobs=2, size_bytes=20, opened_by_mounts=1),
        )

    def test_what_the_registry_lost_is_not_counted_again(self) -> None:
        placing = Placing()
        placing.add("app", "v1", of=self.BLOB)
        placing.uploaded("layer")
        placing.unknown("app", "layer", of=self.BLOB)
        placing.uploaded("layer")
        assert self.learnt(placing) == HostFacts(first_relays=Relayed(blobs=1, size_bytes=10))

    def test_nor_is_it_if_it_fails_then_and_is_wanted_once_more(self) -> None:
        placing = Placing()
        placing.add("app", "v1", of=self.BLOB)
        placing.uploaded("layer")
        placing.unknown("app", "layer", of=self.BLOB)
        placing.failed("layer")
        placing.add("app", "v1", of=self.BLOB)
        placing.uploaded("layer")
        assert self.learnt(placing) == HostFacts(first_relays=Relayed(blobs=1, size_bytes=10))

    def test_what_is_believed_to_be_there_is_not_counted(self) -> None:
        placing = Placing()
        placing.add("app", "v1", of=self.BLOB, content_is_there=True)
        placing.put("app")
        assert self.learnt(placing) == HostFacts()


class TestMemory:
    def test_what_is_unfinished_is_counted_by_host(self) -> None:
        placing = Placing()
        placing.add("app")
        placing.add("app", to=US)
        assert dict(placing.placements.unfinished) == {EU.host: 3, US.host: 3}
        placing.uploaded("config")
        placing.failed("layer")
        assert dict(placing.placements.unfinished) == {EU.host: 0, US.host: 3}

    def test_a_closed_repository_is_forgotten_when_it_is_done(self) -> None:
        placing = Placing()
        of = documents(image("app"))
        placing.add("app", of=of)
        placing.placements.close(EU)
        node = placing.out["app", EU]
        placing.put("app")
        placing.add("app", of=of)
        assert placing.out["app", EU] is not node

    def test_a_closed_repository_is_kept_until_it_is_done(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", of=of)
        placing.placements.close(EU)
        assert placing.add("other", of=of | documents(image("other", "layer"))) == []

    def test_closing_what_nobody_placed_in_does_nothing(self) -> None:
        placements = Placements(Learnt(), mounts_across=lambda one, other: False, validates=lambda host: False)
        placements.close(EU)
        assert not placements.unfinished

    def test_what_a_forgotten_repository_holds_can_still_be_mounted(self) -> None:
        placing = Placing()
        of = documents(image("app", "layer"))
        placing.add("app", of=of)
        placing.uploaded("layer")
        placing.placements.close(EU)
        placing.put("app")
        assert placing.add("app", to=EU_OTHER, of=of) == [f"mount layer from {EU} into {EU_OTHER}"]


def test_a_blob_that_an_image_names_twice_is_brought_once() -> None:
    placing = Placing()
    assert placing.add("app", of=documents(image("app", "layer", "layer"))) == [f"bring layer to {EU}"]
    assert placing.uploaded("layer") == ["release layer", f"put app in {EU}"]


class TestBelief:
    """What a listing shows is not asked for where the registry refuses what is incomplete."""

    def placing(self, *listed: str, of: Documents = MULTI, validates: bool = True) -> Placing:
        placing = Placing(validates=validates)
        placing.placements.listed(EU, frozenset(map(digest, listed)))
        placing.placements.read([EU], of)
        return placing

    def test_an_index_whose_children_are_listed_is_put_at_once(self) -> None:
        placing = self.placing("one", "two")
        assert placing.add("multi", "v1", of=documents(MULTI[digest("multi")])) == [f"put multi in {EU}"]

    def test_a_child_that_is_not_listed_is_placed_without_the_blobs_of_one_that_is(self) -> None:
        assert self.placing("one").add("multi", "v1", of=MULTI) == [f"put two in {EU}"]

    def test_a_blob_of_a_listed_image_is_not_asked_for_again(self) -> None:
        of = APP | documents(image("other", "config", "two"))
        assert self.placing("app", of=of).add("other", "v1", of=of) == [f"bring two to {EU}"]

    def test_other_repositories_of_the_host_try_to_mount_it(self) -> None:
        placing = self.placing("app", of=APP, validates=False)
        assert placing.add("app", to=EU_OTHER) == [
            f"mount config from {EU} into {EU_OTHER}",
            f"mount layer from {EU} into {EU_OTHER}",
        ]

    def test_a_registry_that_may_accept_what_is_incomplete_gets_everything(self) -> None:
        of = APP | documents(image("other", "config"))
        placing = self.placing("app", of=of, validates=False)
        assert placing.add("other", "v1", of=of) == [f"bring config to {EU}"]
        assert not placing.placements.has_all_of(EU, of[digest("other")])

    def test_all_is_there_only_where_it_is_listed(self) -> None:
        placing = self.placing("one", "two")
        assert placing.placements.has_all_of(EU, MULTI[digest("multi")])
        assert not placing.placements.has_all_of(EU_OTHER, MULTI[digest("multi")])

    def test_a_wrong_belief_costs_the_puts_that_are_refused(self) -> None:
        placing = self.placing("one", "two")
        placing.add("multi", "v1", of=MULTI)
        assert placing.unknown("multi", "one", of=MULTI) == [f"put one in {EU}"]
        assert placing.unknown("one", "layer", of=MULTI) == [f"bring layer to {EU}"]
        assert placing.uploaded("layer") == ["release layer", f"put one in {EU}"]
        assert placing.put("one") == [f"put multi in {EU}"]
        assert placing.put("multi") == []

    def test_what_is_missed_is_not_believed_for_another_image(self) -> None:
        of = APP | documents(image("other", "config", "layer"), image("multi", "layer"))
        placing = self.placing("app", of=of)
        placing.add("other", of=of)
        placing.unknown("other", "layer", of=of)
        assert placing.add("multi", of=of) == []
        assert placing.uploaded("layer") == ["release layer", f"put other in {EU}", f"put multi in {EU}"]

    def test_where_the_registry_does_not_say_what_it_misses_nothing_is_believed(self) -> None:
        of = APP | documents(image("other", "config", "layer"))
        placing = self.placing("app", of=of)
        assert placing.add("other", of=of) == [f"put other in {EU}"]
        assert placing.unknown("other", of=of) == [f"bring config to {EU}", f"bring layer to {EU}"]

    def test_the_second_time_all_is_placed_that_was_merely_believed(self) -> None:
        of = APP | documents(image("other", "config", "layer"))
        placing = self.placing("app", of=of)
        placing.add("other", of=of)
        assert placing.unknown("other", "layer", of=of) == [f"bring layer to {EU}"]
        placing.uploaded("layer")
        assert placing.unknown("other", "layer", of=of) == [f"bring config to {EU}", f"bring layer to {EU}"]

    def test_a_child_that_was_not_read_since_it_was_believed_in_is_left_to_the_refusal(self) -> None:
        placing = self.placing("one", "two")
        placing.add("multi", "v1", of=documents(MULTI[digest("multi")]))
        placing.unknown("multi", "two", of=MULTI)
        other = documents(index("super", "two", "one"))
        placing.put("two")
        placing.put("multi")
        assert placing.add("super", of=other) == [f"put super in {EU}"]


def test_a_mount_from_another_host_that_is_not_worth_asking_any_more_brings_the_bytes() -> None:
    placing = Placing(mounts_across=True)
    names = ["config", "layer", "one", "two"]
    assert placing.add("app", of=documents(image("app", *names))) == [f"mount config from {SOURCE} into {EU}"]
    assert placing.refused("config") == [
        f"bring config to {EU}",
        *(f"mount {name} from {SOURCE} into {EU}" for name in names[1:]),
    ]
    for name in names[1:3]:
        assert placing.refused(name) == [f"bring {name} to {EU}"]
    last = placing.blob("two")
    assert not placing.placements.is_worth_asking(last)
    assert placing.told(placing.placements.not_mounted(last)) == [f"bring two to {EU}"]


def test_those_who_wait_for_an_answer_about_another_host_go_on_whatever_it_is() -> None:
    placing = Placing(mounts_across=True)
    placing.add("app")
    first = placing.blob("config")
    assert placing.told(placing.placements.mount_failed_across(first)) == [
        f"bring config to {EU}",
        f"mount layer from {SOURCE} into {EU}",
    ]
    assert placing.mounted("layer") == ["release layer"]


class TestOfAnImageThatLacksSomething:
    """Everything that is not known to be lacking is left alone."""

    def add(self, placing: Placing, name: str, *lacking: str, of: Documents, origin: Repository = SOURCE) -> list[str]:
        wanted = attrs.evolve(want(name), lacking={digest(each): origin for each in lacking})
        return placing.told(placing.placements.add(wanted, of, content_is_there=False))

    def test_only_what_is_lacking_is_placed_and_then_the_document_is_put(self) -> None:
        placing = Placing()
        assert self.add(placing, "app", "layer", of=APP) == ["bring layer to eu.gcr.io/prod/app"]
        assert placing.uploaded("layer") == ["release layer", f"put app in {EU}"]

    def test_a_lacking_child_is_placed_with_what_it_lacks_itself(self) -> None:
        placing = Placing()
        of = documents(index("multi", "one", "two"), image("one", "layer", "config"))
        assert self.add(placing, "multi", "one", "config", of=of) == ["bring config to eu.gcr.io/prod/app"]
        assert placing.uploaded("config") == ["release config", f"put one in {EU}"]

    def test_each_piece_comes_from_where_it_is_to_be_had(self) -> None:
        placing = Placing()
        self.add(placing, "app", "layer", of=APP, origin=US)
        assert placing.blob("layer").source == US

    def test_where_the_registry_misses_more_all_of_it_is_placed(self) -> None:
        placing = Placing()
        self.add(placing, "app", "layer", of=APP)
        placing.uploaded("layer")
        node = placing.document("app")
        steps = placing.told(placing.placements.content_unknown(node, APP, UNKNOWN, [digest("config")]))
        assert steps == ["bring config to eu.gcr.io/prod/app"]
