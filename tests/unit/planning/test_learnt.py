"""What is counted as it is achieved."""

import pytest

from cip_async.model.listing import Effort, Listing
from cip_async.planning.learnt import HostFacts, Learnt, batches
from cip_async.reference import Host, Repository, parse_repository

HOST, API = Host("us-docker.pkg.dev"), Host("api.example")
FOO: Repository = parse_repository(f"{HOST}/prod/foo")


def listing(*efforts: Effort) -> Listing:
    return Listing(repository=FOO, digests=frozenset(), tags={}, efforts=efforts)


def test_a_listing_is_laid_to_the_hosts_that_were_asked() -> None:
    learnt = Learnt()
    learnt.listed(listing(Effort(host=API, lists=3), Effort(host=HOST, heads=2)))
    learnt.listed(listing(Effort(host=HOST, lists=1, heads=5)))
    learnt.listed(listing())
    assert dict(learnt) == {API: HostFacts(lists=3), HOST: HostFacts(lists=1, heads=7)}


@pytest.mark.parametrize(("tags", "puts"), [(0, 0), (1, 1), (10, 1), (11, 2), (25, 3)])
def test_ten_tags_of_a_document_make_a_batch(tags: int, puts: int) -> None:
    assert batches(tags) == puts


def test_tags_of_two_documents_never_share_a_batch() -> None:
    facts = HostFacts()
    facts.tagged(2)
    facts.tagged(11)
    assert (facts.tags, facts.tag_batches) == (13, 3)
