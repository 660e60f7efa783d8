"""The files of Google credentials: what is none is told by its path, and never waited for or shown."""

import json
import os
from pathlib import Path

import pytest

from cip_async.errors import AccountError, FileProblem
from cip_async.gcp.files import read_default_credentials, read_key_files


def test_a_key_is_found_by_its_account_in_lower_case(tmp_path: Path) -> None:
    info = {"type": "service_account", "client_email": "A@b.example"}
    (tmp_path / "key.json").write_text(json.dumps(info))
    assert read_key_files([tmp_path / "key.json"]) == {"a@b.example": info}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a JSON object"),
        (b"[]", "is not a JSON object"),
        (b"\xff\xff{}", "is not a JSON object"),
        (b"[" * 100_000, "is not a JSON object"),
        (b'{"type": "service_account"}', "is no key file of a service account (JSON with a client_email)"),
        (b" " * (1 << 21), "is larger than 1,048,576 bytes"),
    ],
)
def test_what_is_no_key_is_told(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "key.json").write_bytes(content)
    with pytest.raises(FileProblem) as refused:
        read_key_files([tmp_path / "key.json"])
    assert str(refused.value) == f"{tmp_path}/key.json: {reason}"


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileProblem, match="pipe: is not a file"):
        read_key_files([tmp_path / "pipe"])
    with pytest.raises(AccountError, match="pipe: is not a file"):
        read_default_credentials({"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "pipe")})
