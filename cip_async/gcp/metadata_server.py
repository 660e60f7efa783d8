"""Credentials of the machine this runs on: the metadata server of Compute Engine, GKE, Cloud Build and Cloud Run.

google-auth has them too, but only with the `requests` library. Called in worker threads, as `google_auth` is.
Source: https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

from google.auth import credentials, exceptions, transport

_ADDRESS: Final = "169.254.169.254"
"""The server's name, metadata.google.internal, takes long to look up where there is none."""
_FLAVOR: Final = "Metadata-Flavor"
_GOOGLE: Final = "Google"
_LIMIT_S: Final = 3.0
_ATTEMPTS: Final = 2


class MachineCredentials(credentials.Credentials):
    """The credentials of the machine's default service account. Its scopes were set when the machine was made."""

    def __init__(self, host: str, account: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # google-auth has no types
        self._host = host
        self.service_account_email = account

    def refresh(self, request: transport.Request) -> None:
        """Get a new token.

        Raises:
            RefreshError, TransportError: there is none.
        """
        answer = request(_url(self._host, "token"), headers={_FLAVOR: _GOOGLE}, timeout=_LIMIT_S)
        if answer.status != 200:
            raise exceptions.RefreshError(
                f"the metadata server answered {answer.status}", retryable=answer.status >= 500
            )
        token: dict[str, Any] = json.loads(answer.data)
        lifetime = dt.timedelta(seconds=float(token["expires_in"]))
        self.token = token["access_token"]
        self.expiry = dt.datetime.now(dt.UTC).replace(tzinfo=None) + lifetime


def machine_credentials(request: transport.Request, environment: Mapping[str, str]) -> MachineCredentials | None:
    """The credentials of this machine, if it is one of Google's; asks the metadata server."""
    if environment.get("NO_GCE_CHECK", "").lower() == "true":
        return None
    host = environment.get("GCE_METADATA_HOST") or environment.get("GCE_METADATA_ROOT") or _ADDRESS
    for _ in range(_ATTEMPTS):
        try:
            answer = request(_url(host, "email"), headers={_FLAVOR: _GOOGLE}, timeout=_LIMIT_S)
        except exceptions.TransportError:
            continue
        if answer.status != 200 or answer.headers.get(_FLAVOR) != _GOOGLE:
            return None
        return MachineCredentials(host, answer.data.decode(errors="replace").strip().lower())
    return None


def _url(host: str, what: str) -> str:
    return f"http://{host}/computeMetadata/v1/instance/service-accounts/default/{what}"
