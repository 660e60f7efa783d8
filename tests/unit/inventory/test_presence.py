"""Which digests a source holds, where it does not tell of all of them."""

import pytest

from cip_async.errors import Denied, HostGivenUp, RegistryError, UntrustedAnswer
from cip_async.inventory.presence import HoldsDigest, presence
from cip_async.reference import Digest, Host, Repository

pytestmark = pytest.mark.anyio

APP = Repository(Host("staging.example"), "staging/app")
HELD, ABSENT, REFUSED, DAMAGED = (Digest(f"sha256:{letter * 64}") for letter in "abcd")


def answering(**failures: RegistryError) -> HoldsDigest:
    async def holds(_: Repository, digest: Digest) -> bool:
        if digest[7] in failures:
            raise failures[digest[7]]
        return digest == HELD

    return holds


async def test_a_refused_digest_is_unknown_and_the_others_are_not() -> None:
    holds = answering(
        c=Denied(APP.host, "GET c", "status 403", status=403), d=UntrustedAnswer(APP.host, "GET d", "nonsense")
    )
    listing = await presence(APP, {HELD, ABSENT, REFUSED, DAMAGED}, holds)
    assert [listing.holds(digest) for digest in (HELD, ABSENT, REFUSED, DAMAGED)] == [True, False, None, True]
    assert listing.unreadable == {REFUSED: "staging.example: GET c: status 403"}


async def test_a_source_that_tells_nothing_could_not_be_listed() -> None:
    dead = HostGivenUp(APP.host, "GET", "it did not answer")
    with pytest.raises(HostGivenUp):
        await presence(APP, {HELD, ABSENT}, answering(a=dead, b=dead))
