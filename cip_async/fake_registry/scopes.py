"""What a request needs to be allowed, and how scopes are written; pure.

github.com/distribution/distribution, docs/content/spec/auth/scope.md; what each request needs is what its registry
asks for.
"""

from collections.abc import Iterable
from typing import Final

import attrs

from cip_async.fake_registry.calls import Call, CallClass

_FREE: Final = frozenset({CallClass.PING, CallClass.TOKEN, CallClass.STORAGE, CallClass.OTHER})
_DELETES: Final = frozenset({CallClass.BLOB_DELETE, CallClass.MANIFEST_DELETE, CallClass.UPLOAD_CANCEL})
_REPOSITORY: Final = "repository"


@attrs.frozen(order=True)
class Scope:
    """Actions on one resource: `repository:a/b:pull,push`."""

    kind: str
    name: str
    actions: frozenset[str] = attrs.field(order=sorted)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}:{','.join(sorted(self.actions))}"

    @property
    def resource(self) -> tuple[str, str]:
        """Kind and name."""
        return self.kind, self.name


def needed_scopes(call: Call) -> tuple[Scope, ...]:
    """What somebody must be allowed to do, to be granted this request; nothing for a ping."""
    if call.call_class in _FREE:
        return ()
    if call.call_class is CallClass.CATALOG:
        return (Scope("registry", "catalog", frozenset({"*"})),)
    if not call.is_write:
        return (_repository_scope(call.repository, "pull"),)
    if call.call_class in _DELETES:
        return (_repository_scope(call.repository, "delete"),)
    pushed = _repository_scope(call.repository, "pull", "push")
    source = call.asked("from") if call.call_class is CallClass.MOUNT else None
    if source is None or source == call.repository or call.asked("origin") is not None:
        return (pushed,)
    return (pushed, _repository_scope(source, "pull"))


def parse_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes of a token request: repeated, separated by spaces, or both; what is malformed is left out."""
    actions: dict[tuple[str, str], set[str]] = {}
    for text in texts:
        for part in text.split():
            kind, colon, rest = part.partition(":")
            name, another_colon, listed = rest.rpartition(":")
            if colon and another_colon and name:
                actions.setdefault((kind, name), set()).update(filter(None, listed.split(",")))
    return tuple(Scope(kind, name, frozenset(asked)) for (kind, name), asked in actions.items())


def _repository_scope(name: str, *actions: str) -> Scope:
    return Scope(_REPOSITORY, name, frozenset(actions))
