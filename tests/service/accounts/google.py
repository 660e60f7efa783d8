"""A stand-in for Google: a token endpoint, IAM's impersonation, and a metadata server."""

import base64
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import attrs

from tests.service.registry.scripted import Reply, Scripted, Seen

IAM = "/v1/projects/-/serviceAccounts/"
METADATA = "/computeMetadata/v1/instance/service-accounts/default/"


@attrs.define
class FakeGoogle:
    """Gives out tokens; everything may be changed while it is being served."""

    token_s: float = 3600.0
    """How long tokens live."""
    may_act_for: dict[str, set[str]] = attrs.field(factory=dict)
    """Which accounts another one may be impersonated by."""
    machine: str | None = None
    """The account of the machine, whose metadata server this is."""
    failing: Reply | None = None
    """What to answer instead of a token."""
    users: dict[str, str] = attrs.field(factory=dict)
    """Users by their refresh tokens."""
    issued: dict[str, str] = attrs.field(factory=dict)
    """Whose each token is."""
    number: int = 0
    """How many were ever given out."""
    scopes: list[str] = attrs.field(factory=list)
    server: Scripted | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    @property
    def asked(self) -> list[str]:
        """The requests it had."""
        assert self.server is not None
        return self.server.lines

    def tokens_of(self, account: str) -> list[str]:
        """The tokens that were given out for an account, in order."""
        return [token for token, whose in self.issued.items() if whose == account]

    def answer(self, seen: Seen) -> Reply:
        if self.failing is not None:
            return self.failing
        if seen.path == "/token":
            return self._token(parse_qs(seen.body.decode()))
        if seen.path.startswith(IAM):
            return self._impersonated(seen)
        if seen.path.startswith(METADATA):
            return self._machine(seen)
        return Reply(404)

    def issue(self, account: str) -> str:
        self.number += 1
        token = f"ya29.Marker-{self.number}"
        self.issued[token] = account
        return token

    def _token(self, form: dict[str, list[str]]) -> Reply:
        if "assertion" in form:
            claims = json.loads(base64.urlsafe_b64decode(form["assertion"][0].split(".")[1] + "=="))
            account, scope = claims["iss"], claims["scope"]
        elif form.get("refresh_token", [""])[0] in self.users:
            account, scope = self.users[form["refresh_token"][0]], form.get("scope", [""])[0]
        else:
            return _json({"error": "invalid_grant", "error_description": "Token has been revoked."}, 400)
        self.scopes.append(scope)
        return _json({"access_token": self.issue(account), "expires_in": self.token_s, "token_type": "Bearer"})

    def _impersonated(self, seen: Seen) -> Reply:
        account = seen.path.removeprefix(IAM).removesuffix(":generateAccessToken")
        by = self.issued.get((seen.authorization or "").removeprefix("Bearer "))
        if by is None or by not in self.may_act_for.get(account, ()):
            denied = "Permission 'iam.serviceAccounts.getAccessToken' denied"
            return _json({"error": {"code": 403, "message": denied, "status": "PERMISSION_DENIED"}}, 403)
        self.scopes += json.loads(seen.body)["scope"]
        until = datetime.now(UTC) + timedelta(seconds=self.token_s)
        return _json({"accessToken": self.issue(account), "expireTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def _machine(self, seen: Seen) -> Reply:
        if self.machine is None or seen.headers.get("Metadata-Flavor") != "Google":
            return Reply(404)
        if seen.path == f"{METADATA}email":
            return Reply(headers={"Metadata-Flavor": "Google"}, body=self.machine.encode())
        return _json({"access_token": self.issue(self.machine), "expires_in": self.token_s, "token_type": "Bearer"})


def _json(content: object, status: int = 200) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(content).encode())
