"""Files and messages that others write: Docker's config, keys of accounts, what Pub/Sub pushes, snapshots."""

import base64
import json
import tempfile
from pathlib import Path
from typing import Final

import anyio

from cip_async.audit.decide import Verdict, decide
from cip_async.audit.messages import Delivery, RegistryEvent, delivery
from cip_async.audit.wanted import NOTHING_WANTED
from cip_async.errors import AccountError, CredentialError, FileProblem, InvalidManifests
from cip_async.gcp.files import read_default_credentials, read_key_files
from cip_async.gcp.google_auth import load
from cip_async.inventory.reading import file_snapshot
from cip_async.inventory.store import InventoryStore
from cip_async.reference import Host, Repository, parse_repository
from cip_async.registry.credentials.docker_config import DockerConfig
from tests.fuzz.registry_answers import JSON_WORDS, encoded
from tests.fuzz.target import Target

DIGEST: Final = "sha256:" + "a" * 64
SECRET: Final = "hunter2hunter2"
GCR: Final = Host("us.gcr.io")


def docker_config(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        path.write_bytes(content)
        config = DockerConfig(path, {"PATH": folder})
        for repository in (None, Repository(GCR, "prod/foo")):
            try:
                anyio.run(config.credential, GCR, repository)
            except CredentialError as error:
                assert str(path) in str(error)
                assert SECRET not in str(error)


def key_file(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.json"
        path.write_bytes(content)
        try:
            read_key_files([path])
        except FileProblem as error:
            assert str(error).startswith(f"{path}: ")
            assert SECRET not in str(error)
        try:
            found = read_default_credentials({"GOOGLE_APPLICATION_CREDENTIALS": str(path)})
            if found is not None:
                load(found[1], f"the file {path}", ["scope"])
        except AccountError as error:
            assert str(path) in str(error)
            assert SECRET not in str(error)


def pushed(content: bytes) -> None:
    """A push is an event all of whose parts passed their parsers, or malformed; both are judged."""
    for body in (content, encoded({"message": {"data": base64.b64encode(content).decode(), "messageId": "1"}})):
        found = delivery(body)
        assert isinstance(found, Delivery)
        if isinstance(found.content, RegistryEvent):
            assert parse_repository(str(found.content.repository)) == found.content.repository
        assert isinstance(decide(found.content, NOTHING_WANTED), Verdict)


def snapshot(content: bytes) -> None:
    async def read(path: Path) -> None:
        async with file_snapshot(path) as found:
            assert found.counts is not None

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        path.write_bytes(content)
        try:
            anyio.run(read, path)
        except (InvalidManifests, FileProblem) as error:
            assert str(error).startswith(str(path))


def inventory(content: bytes) -> None:
    async def read(path: Path) -> None:
        async with InventoryStore.opened(path) as store:
            await store.counts()
            await store.recall(Repository(GCR, "prod/foo"))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inventory"
        path.write_bytes(content)
        try:
            anyio.run(read, path)
        except FileProblem as error:
            assert str(error).startswith(str(path))


def _inventory() -> bytes:
    """A file as `--inventory` leaves it, with nothing in it."""

    async def make(path: Path) -> None:
        async with InventoryStore.opened(path) as store:
            await store.counts()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inventory"
        anyio.run(make, path)
        return path.read_bytes()


AUTH: Final = base64.b64encode(f"user:{SECRET}".encode()).decode()
CONFIG: Final = {
    "auths": {"us.gcr.io": {"auth": AUTH}, "https://index.docker.io/v1/": {"identitytoken": SECRET}, "a/b": None},
    "credHelpers": {"gcr.io": "gcloud"},
}
HELPED: Final = {"auths": {}, "credsStore": "absent", "credHelpers": {"us.gcr.io": "nothing-of-the-kind"}}
KEY: Final = {
    "type": "service_account",
    "client_email": "a@b.iam.gserviceaccount.com",
    "private_key": SECRET,
    "token_uri": "https://oauth2.googleapis.com/token",
}
USER: Final = {"type": "authorized_user", "client_id": "c", "client_secret": SECRET, "refresh_token": SECRET}
EXTERNAL: Final = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/x",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/nowhere", "format": {"type": "text"}},
}
IMPERSONATED: Final = {
    "type": "impersonated_service_account",
    "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@b:generateAccessToken",
    "source_credentials": USER,
    "delegates": [],
}
CHANGE: Final = {"action": "INSERT", "digest": f"us.gcr.io/prod/foo@{DIGEST}", "tag": "us.gcr.io/prod/foo:v1"}
ENVELOPE: Final = {
    "message": {
        "data": base64.b64encode(json.dumps(CHANGE).encode()).decode(),
        "messageId": "136969346945",
        "publishTime": "2026-11-26T15:00:00.123Z",
    },
    "subscription": "projects/p/subscriptions/s",
}
CSV: Final = f"foo@{DIGEST},foo:v1\nbar@{DIGEST},-\n".encode()
WORDS: Final = (
    *JSON_WORDS,
    *(
        b'"auths"',
        b'"auth"',
        b'"credsStore"',
        b'"credHelpers"',
        b'"type"',
        b'"client_email"',
        b"=",
        b"https://",
        b"/v1/",
    ),
    *(b"INSERT", b"DELETE", b'"data"', b"@", b"us.gcr.io/prod/foo", b"2026-", b"+99:99", b'"source_credentials"'),
    *(b'"credential_source"', b'"executable"', b'"url"', b'"file"', b'"certificate"', b'"environment_id":"aws1"'),
)
CSV_WORDS: Final = (DIGEST.encode(), b",", b"@", b":", b"-", b"\n", b"foo", b"- name: a\n", b"dmap", b"[", b"{", b"'")

TARGETS: Final = (
    Target(name="docker-config", feed=docker_config, seeds=(encoded(CONFIG), encoded(HELPED)), words=WORDS, weight=2),
    Target(
        name="key-file",
        feed=key_file,
        seeds=tuple(map(encoded, (KEY, USER, EXTERNAL, IMPERSONATED))),
        words=WORDS,
        weight=4,
    ),
    Target(name="push", feed=pushed, seeds=(encoded(ENVELOPE), encoded(CHANGE)), words=WORDS),
    Target(name="snapshot", feed=snapshot, seeds=(CSV, b"[]\n"), words=CSV_WORDS, weight=2),
    Target(name="inventory", feed=inventory, seeds=(_inventory(), b""), words=(b"SQLite format 3\0",), weight=1),
)
