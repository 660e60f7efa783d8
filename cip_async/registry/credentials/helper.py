"""Docker's credential helpers: programs named `docker-credential-…` that keep or make credentials.

Protocol: https://github.com/docker/docker-credential-helpers#development. The server's address goes to stdin, and JSON
comes from stdout, or, with another exit code than 0, a sentence.
"""

import re
from collections.abc import Mapping
from typing import Final

import attrs
import msgspec

from cip_async.gcp.program import Ended, ProgramFailure, ProgramMissing, run_program
from cip_async.registry.credentials.provider import Credential, IdentityToken, Password

IDENTITY_USER: Final = "<token>"
"""The user name that marks a password as an identity token."""
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", re.ASCII)
_NOT_FOUND: Final = b"credentials not found in native keychain"
_INCOMPLETE: Final = (b"no credentials server URL", b"no credentials username")
_LIMIT_S: Final = 30.0
_MOST_BYTES: Final = 256 * 1024


class HelperFailure(Exception):
    """A helper did not do what helpers do. The text names it, and holds nothing that it wrote."""


class HelperMissing(HelperFailure):
    """There is no such program."""


class _Found(msgspec.Struct):
    username: str = msgspec.field(name="Username", default="")
    secret: str = msgspec.field(name="Secret", default="")


@attrs.frozen
class Helper:
    """The helper of one name, as `credHelpers` and `credsStore` give it: `gcloud`, `ecr-login`."""

    name: str
    environment: Mapping[str, str] = attrs.field(repr=False)
    limit_s: float = _LIMIT_S

    @property
    def program(self) -> str:
        """The name of the program."""
        return f"docker-credential-{self.name}"

    async def get(self, server: str) -> Credential | None:
        """What the helper has for `server`; None if it has nothing.

        Raises:
            HelperFailure: it is not there, or failed.
        """
        if not _NAME.fullmatch(self.name):
            raise HelperFailure("the name of a credential helper may have letters, digits, '.', '_' and '-' only")
        try:
            ended = await run_program(
                self.program,
                ["get"],
                environment=self.environment,
                stdin=server.encode() + b"\n",
                limit_s=self.limit_s,
                most_bytes=_MOST_BYTES,
            )
        except ProgramMissing as error:
            raise HelperMissing(str(error)) from None
        except ProgramFailure as error:
            raise HelperFailure(str(error)) from None
        return self._credential(ended)

    def _credential(self, ended: Ended) -> Credential | None:
        if ended.code != 0:
            said = ended.output.strip()
            if said == _NOT_FOUND or said in _INCOMPLETE:
                return None
            raise HelperFailure(f"{self.program} failed with exit code {ended.code}")
        try:
            found = msgspec.json.decode(ended.output, type=_Found)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise HelperFailure(f"{self.program} did not answer with JSON of Username and Secret") from None
        if found.username == IDENTITY_USER:
            return IdentityToken(token=found.secret)
        return Password(username=found.username, password=found.secret) if found.username else None
