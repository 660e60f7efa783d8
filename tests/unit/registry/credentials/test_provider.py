"""Who finds a credential, and that it does not show."""

import attrs
import pytest

from cip_async.errors import CredentialError
from cip_async.reference import Host, Repository
from cip_async.registry.credentials.provider import (
    Anonymous,
    BearerToken,
    Chain,
    Credential,
    IdentityToken,
    Password,
)

pytestmark = pytest.mark.anyio

HOST = Host("us.example")
ME = Password(username="me", password="secret")


@attrs.define
class Knows:
    found: Credential | None
    asked: int = 0

    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        self.asked += 1
        return self.found


class Fails:
    async def credential(self, host: Host, repository: Repository | None) -> Credential | None:
        raise CredentialError(host, "the key file is broken")


async def test_the_first_that_knows_is_believed() -> None:
    last = Knows(Anonymous())
    assert await Chain([Knows(None), Knows(ME), last]).credential(HOST, None) == ME
    assert last.asked == 0


async def test_whom_nobody_knows_is_anonymous() -> None:
    assert await Chain([Knows(None)]).credential(HOST, None) == Anonymous()
    assert await Chain([]).credential(HOST, None) == Anonymous()


async def test_a_failure_is_not_taken_for_anonymous() -> None:
    with pytest.raises(CredentialError, match=r"credentials for us\.example: the key file is broken"):
        await Chain([Fails(), Knows(ME)]).credential(HOST, None)


@pytest.mark.parametrize("credential", [ME, IdentityToken(token="secret"), BearerToken(token="secret")])
def test_a_secret_does_not_show(credential: Credential) -> None:
    assert "secret" not in repr(credential)
    assert "secret" not in str(credential)
