"""The files that Google credentials are in: keys of service accounts, and Application Default Credentials."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from cip_async.errors import AccountError, FileProblem
from cip_async.manifests.folder import Unreadable, read

_LARGEST_BYTES: Final = 1 << 20


def read_key_files(paths: Iterable[Path]) -> dict[str, Mapping[str, Any]]:
    """The keys of service accounts by account, in lower case.

    Raises:
        FileProblem: a file cannot be read, or is no key, or two are of one account.
    """
    keys: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        info = _read(path)
        account = info.get("client_email")
        if info.get("type") != "service_account" or not isinstance(account, str) or not account:
            raise FileProblem(str(path), "is no key file of a service account (JSON with a client_email)")
        if account.lower() in keys:
            raise FileProblem(str(path), f"is a second key of {account}")
        keys[account.lower()] = info
    return keys


def read_default_credentials(environment: Mapping[str, str]) -> tuple[str, Mapping[str, Any]] | None:
    """The file of Application Default Credentials, its path and what it holds; None where there is no such file.

    Places: https://cloud.google.com/docs/authentication/application-default-credentials

    Raises:
        AccountError: the file cannot be read or understood.
    """
    named = environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    path = Path(named) if named else _usual_path(environment)
    if path is None or not (named or path.is_file()):
        return None
    try:
        return str(path), _read(path)
    except FileProblem as error:
        raise AccountError(f"the Application Default Credentials in {path}", error.reason) from None


def _usual_path(environment: Mapping[str, str]) -> Path | None:
    name = "application_default_credentials.json"
    if environment.get("CLOUDSDK_CONFIG"):
        return Path(environment["CLOUDSDK_CONFIG"]) / name
    return Path(environment["HOME"]) / ".config" / "gcloud" / name if environment.get("HOME") else None


def _read(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. No error shows what it holds."""
    try:
        info = json.loads(read(path, _LARGEST_BYTES))
    except Unreadable as error:
        raise FileProblem(str(path), str(error)) from None
    except (ValueError, RecursionError):
        info = None
    if not isinstance(info, dict):
        raise FileProblem(str(path), "is not a JSON object")
    return info
