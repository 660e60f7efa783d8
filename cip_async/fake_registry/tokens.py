"""Tokens that a host gives out: challenges, the two forms of a token request, and what each token opens; pure.

github.com/distribution/distribution, docs/content/spec/auth/token.md and oauth.md.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qsl

import attrs
import msgspec

from cip_async.fake_registry.accounts import ANONYMOUS, Accounts
from cip_async.fake_registry.auth import basic_credentials, denied, unauthorized
from cip_async.fake_registry.refusal import Refusal, refusal
from cip_async.fake_registry.scopes import Scope, needed_scopes, parse_scopes
from cip_async.fake_registry.visit import Reply, Visit, json_reply


@attrs.frozen(kw_only=True)
class Granted:
    """What one token opens, and until when."""

    account: str
    service: str
    access: Mapping[tuple[str, str], frozenset[str]]
    expires_at_s: float

    def covers(self, scopes: tuple[Scope, ...]) -> bool:
        """Whether it opens all of this."""
        return all(scope.actions <= self.access.get(scope.resource, frozenset()) for scope in scopes)


@attrs.define
class TokenAuth:
    """Tokens for one service, some repositories and some actions. Hosts may share it, and then its tokens' realm."""

    accounts: Accounts = attrs.field(factory=Accounts)
    realm: str | None = None
    """Where tokens are had; None is `/token` on the host itself."""
    service: str | None = None
    """What the host calls itself; None is its name."""
    secret: str = "secret"
    """What tokens are made from: two services with the same secret and name give out the same ones."""
    lifetime_s: float = 300.0
    posts: bool = True
    """Whether the OAuth 2 form of a token request is known; otherwise it is answered with 404."""
    named: Literal["both", "token", "access_token"] = "both"
    """By which names an answer gives the token."""
    lacking: Literal["challenge", "denied"] = "challenge"
    """What a token that does not open enough is answered with: 401 `insufficient_scope`, or 403."""
    refresh_tokens: dict[str, str] = attrs.field(factory=dict)
    """Identity tokens, and whose each one is."""
    issued: int = 0
    _granted: dict[str, Granted] = attrs.field(factory=dict, repr=False)

    def admit(self, visit: Visit, now_s: float) -> str:
        """The account behind the token, if it opens what is asked for.

        Raises:
            Refusal: 401 with a challenge, or 403.
        """
        scopes = needed_scopes(visit.call)
        if not visit.credentials:
            raise self._challenge(visit, scopes)
        scheme, _, token = visit.credentials.partition(" ")
        granted = self._granted.get(token)
        if scheme.lower() != "bearer" or granted is None or granted.service != self._service(visit):
            raise self._challenge(visit, scopes, "invalid_token")
        if now_s >= granted.expires_at_s:
            raise self._challenge(visit, scopes, "invalid_token")
        if not granted.covers(scopes):
            raise denied(scopes) if self.lacking == "denied" else self._challenge(visit, scopes, "insufficient_scope")
        return granted.account

    def give_token(self, visit: Visit, form: bytes, now_s: float) -> Reply:
        """Answer a token request; what is not permitted is left out of the token without a word.

        Raises:
            Refusal: the credentials are wrong, or needed and absent.
        """
        if visit.call.method == "POST":
            return self._exchange(dict(parse_qsl(form.decode(errors="replace"))), now_s)
        account = ANONYMOUS
        if visit.credentials:
            given = basic_credentials(visit.credentials)
            if given is None or not self.accounts.accepts(*given):
                raise unauthorized('Basic realm="token service"')
            account = given[0]
        elif not self.accounts.anonymous_pull:
            raise unauthorized('Basic realm="token service"')
        scopes = parse_scopes(visit.call.asked_all("scope"))
        token = self._issue(account, visit.call.asked("service") or "", scopes, now_s)
        names = ("token", "access_token") if self.named == "both" else (self.named,)
        answer = {**dict.fromkeys(names, token), **self._validity(now_s)}
        if visit.call.asked("offline_token") == "true" and account != ANONYMOUS:
            answer["refresh_token"] = self._refresh_token(account)
        return json_reply(msgspec.json.encode(answer))

    def revoke(self) -> None:
        """Make every token that was given out worthless."""
        self._granted.clear()

    def _exchange(self, form: Mapping[str, str], now_s: float) -> Reply:
        if not self.posts:
            raise refusal(404, "UNSUPPORTED", "there is nothing here")
        match form.get("grant_type"):
            case "password" if self.accounts.accepts(form.get("username", ""), form.get("password", "")):
                account = form["username"]
            case "refresh_token" if form.get("refresh_token") in self.refresh_tokens:
                account = self.refresh_tokens[form["refresh_token"]]
            case "password" | "refresh_token":
                raise refusal(401, "UNAUTHORIZED", "the credentials are wrong")
            case _:
                raise refusal(400, "UNSUPPORTED", "grant_type is neither password nor refresh_token")
        scopes = parse_scopes([form.get("scope", "")])
        token = self._issue(account, form.get("service", ""), scopes, now_s)
        answer = {"access_token": token, "scope": " ".join(map(str, scopes)), **self._validity(now_s)}
        if form.get("access_type") == "offline":
            answer["refresh_token"] = self._refresh_token(account)
        return json_reply(msgspec.json.encode(answer))

    def _issue(self, account: str, service: str, scopes: tuple[Scope, ...], now_s: float) -> str:
        self.issued += 1
        token = hashlib.sha256(f"{self.secret} {service} {self.issued}".encode()).hexdigest()
        self._granted[token] = Granted(
            account=account,
            service=service,
            access={scope.resource: self.accounts.allowed(account, scope) for scope in scopes},
            expires_at_s=now_s + self.lifetime_s,
        )
        return token

    def _validity(self, now_s: float) -> dict[str, Any]:
        issued_at = datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds")
        return {"expires_in": int(self.lifetime_s), "issued_at": issued_at}

    def _refresh_token(self, account: str) -> str:
        token = hashlib.sha256(f"{self.secret} {account}".encode()).hexdigest()
        self.refresh_tokens[token] = account
        return token

    def _challenge(self, visit: Visit, scopes: tuple[Scope, ...], error: str = "") -> Refusal:
        parts = {"realm": self.realm or f"{visit.origin}/token", "service": self._service(visit)}
        if scopes:
            parts["scope"] = " ".join(map(str, scopes))
        if error:
            parts["error"] = error
        return unauthorized("Bearer " + ",".join(f'{name}="{value}"' for name, value in parts.items()))

    def _service(self, visit: Visit) -> str:
        return self.service or visit.host
