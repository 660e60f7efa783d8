"""Somebody who signs push tokens, and serves the certificates that prove it."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import trustme
from aiohttp import web
from google.auth import crypt, jwt

AUDIENCE = "https://auditor.example/"
ACCOUNT = "pusher@my-project.iam.gserviceaccount.com"


class Key:
    """A key with a certificate."""

    def __init__(self, key_id: str) -> None:
        issued = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("signer.example", key_type=trustme.KeyType.RSA)
        self.key_id = key_id
        self.certificate = issued.cert_chain_pems[0].bytes().decode()
        self._signer = crypt.RSASigner.from_string(issued.private_key_pem.bytes(), key_id)

    def token(self, **changes: Any) -> str:
        """A token as Pub/Sub makes it, but for `changes`; what is changed to None is left out."""
        now = int(time.time())
        claims = {
            "aud": AUDIENCE,
            "email": ACCOUNT,
            "email_verified": True,
            "iat": now,
            "exp": now + 3600,
            "iss": "https://accounts.google.com",
            "sub": "1",
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return bytes(jwt.encode(self._signer, kept)).decode()


@attrs.define
class Certificates:
    """What is served at `url`, and how often it was asked for."""

    body: str
    url: str = ""
    status: int = 200
    asked: int = 0

    def publish(self, *keys: Key) -> None:
        """Serve the certificates of these keys."""
        self.body = json.dumps({key.key_id: key.certificate for key in keys})

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """One answer."""
        del request
        self.asked += 1
        return web.Response(text=self.body, status=self.status, content_type="application/json")


@asynccontextmanager
async def certificates(*keys: Key) -> AsyncIterator[Certificates]:
    """Serve the certificates of these keys."""
    served = Certificates("")
    served.publish(*keys)
    runner = web.ServerRunner(web.Server(served.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    served.url = f"http://{host}:{port}/certs"
    yield served
    await runner.cleanup()
