"""The Google Cloud CLI as a source of access tokens: `gcloud auth print-access-token`."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from cip_async.errors import AccountError
from cip_async.gcp.access_token import AccessToken
from cip_async.gcp.program import ProgramFailure, run_program

_LIMIT_S: Final = 30.0
"""It starts slowly, and may have to ask Google for a new token."""
_MOST_BYTES: Final = 64 * 1024
_LIFETIME_S: Final = 300.0
"""It does not tell how long its token lives. What it gives out lives on for some minutes, and a token that is refused
is asked for anew."""


async def gcloud_token(
    account: str | None, environment: Mapping[str, str], clock: Callable[[], float] = time.time
) -> AccessToken:
    """A token of `account`, or of the account that gcloud is set to.

    Raises:
        AccountError: gcloud is not there, or has none.
    """
    whose = account or "the active gcloud account"
    arguments = ["auth", "print-access-token", *([f"--account={account}"] if account else []), "--quiet"]
    try:
        ended = await run_program(
            "gcloud", arguments, environment=environment, limit_s=_LIMIT_S, most_bytes=_MOST_BYTES
        )
    except ProgramFailure as error:
        raise AccountError(whose, str(error)) from None
    lines = ended.output.decode(errors="replace").split()
    if ended.code != 0 or len(lines) != 1 or not lines[0].isascii():
        raise AccountError(whose, f"gcloud has no token for it (exit code {ended.code})")
    return AccessToken(account=whose, value=lines[0], expires_at_s=clock() + _LIFETIME_S)
