"""Every deliberate exception, in one tree, split by who must act on it.

* `InputError`: the author of the promoter manifests.
* `OperatorError`: whoever runs the promotion (settings, credentials, endpoints).
* `RegistryError`: a registry, or the way to it; `retryable` says whether trying again may help.

Each class holds the facts and builds its own sentence. No sentence contains a credential or the query
string of a URL.
"""

from typing import Self


class CipError(Exception):
    """The root of the tree: a failure that this package foresaw and can explain.

    Where it is `retryable`, `most_tries` is how often the same is tried in all; None is as often as there is time for.
    """

    retryable: bool = False
    most_tries: int | None = None
    needs_access: bool = False
    """Whether somebody has to be given credentials or permissions before another try can help."""

    def as_final(self) -> Self:
        """The same failure for one whose tries are used up; others may have been told of this one and go on."""
        final = type(self).__new__(type(self), *self.args)
        final.__dict__.update(self.__dict__)
        final.retryable = False
        return final


class InputError(CipError):
    """What the user wrote is wrong; the author of the input must mend it."""


class InvalidReference(InputError):
    """A host, repository, image name, tag or digest is not well formed."""

    def __init__(self, kind: str, text: str, expected: str) -> None:
        self.kind = kind
        self.text = text
        self.expected = expected
        shown = text if len(text) <= 200 else f"{text[:200]}…"
        super().__init__(f"{kind} {shown!r} is malformed: expected {expected}")


class InvalidManifests(InputError):
    """The promoter manifests have problems; all of them are here, in the order of the files."""

    def __init__(self, problems: tuple[object, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class OperatorError(CipError):
    """The way the program was set up or called is wrong; the operator must mend it."""


class InvalidSettings(OperatorError):
    """A setting is out of its range."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name = name
        self.value = value
        self.expected = expected
        super().__init__(f"{name} is {'missing' if value is None else repr(value)}: expected {expected}")


class CredentialError(OperatorError):
    """Credentials for a registry are missing, unreadable or refused."""

    def __init__(self, host: str, reason: str, *, retryable: bool = False, most_tries: int | None = None) -> None:
        self.host = host
        self.reason = reason
        self.retryable = retryable
        self.most_tries = most_tries
        self.needs_access = not retryable
        super().__init__(f"credentials for {host}: {reason}")


class AccountError(OperatorError):
    """No access token is to be had for a Google account."""

    def __init__(self, account: str, reason: str, *, retryable: bool = False) -> None:
        self.account = account
        self.reason = reason
        self.retryable = retryable
        super().__init__(f"{account}: {reason}")


class WriteRefused(OperatorError):
    """This package refused to send a write: to a source repository, or in a dry run."""

    def __init__(self, method: str, repository: str, reason: str) -> None:
        self.method = method
        self.repository = repository
        self.reason = reason
        super().__init__(f"refused to send {method} to {repository}: {reason}")


class RelayRefused(OperatorError):
    """A blob would have to pass through this machine, and `server_side_only` forbids it."""

    def __init__(self, digest: str, repository: str) -> None:
        self.digest = digest
        self.repository = repository
        super().__init__(
            f"blob {digest} cannot be mounted into {repository} and copying it through this machine"
            " is forbidden (server side only)"
        )


class FileProblem(OperatorError):
    """A file that the operator named cannot be read or written."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ManifestsUnavailable(OperatorError):
    """The repository or folder that should hold promoter manifests cannot be read."""

    retryable = True

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"promoter manifests of {place}: {reason}")


class TokenUnverified(CipError):
    """The token of a push request is not what it must be, or, where `retryable`, cannot be checked now."""

    def __init__(self, reason: str, *, retryable: bool = False) -> None:
        self.reason = reason
        self.retryable = retryable
        super().__init__(f"push token: {reason}")


class Undecided(CipError):
    """The auditor cannot judge an event now; when it is delivered again, it may."""

    retryable = True


class RegistryError(CipError):
    """A registry refused, failed or could not be reached.

    `status` is the HTTP status (0 when there was no answer), `code` the error code of the OCI
    distribution specification where the registry gave one, `where` the method and path without query.
    """

    def __init__(
        self,
        host: str,
        where: str,
        reason: str,
        *,
        status: int = 0,
        code: str = "",
        retryable: bool = False,
        most_tries: int | None = None,
    ) -> None:
        self.host = host
        self.where = where
        self.reason = reason
        self.status = status
        self.code = code
        self.retryable = retryable
        self.most_tries = most_tries
        super().__init__(f"{host}: {where}: {reason}")


class NotFound(RegistryError):
    """The registry says that a repository, manifest, blob or upload does not exist (404)."""


class Unauthorized(RegistryError):
    """The registry wants other or better credentials (401)."""

    needs_access = True


class Denied(RegistryError):
    """The credentials are known but not allowed to do this (403)."""

    needs_access = True


class ContentUnknown(RegistryError):
    """A manifest was refused because content it references is not in the repository.

    `unknown` names the digests the registry listed; it may be empty, since not every registry lists them.
    """

    def __init__(self, host: str, where: str, reason: str, *, status: int, code: str, unknown: tuple[str, ...]) -> None:
        self.unknown = unknown
        super().__init__(host, where, reason, status=status, code=code)


class TagImmutable(RegistryError):
    """The registry refused to write a tag because its repository has immutable tags."""


class TagTaken(RegistryError):
    """A tag that was absent when its repository was listed has since come to point to another digest."""


class Throttled(RegistryError):
    """The registry's quota is used up (429, or 503 that speaks of quota).

    `retry_after_s` is the pause it asked for, in seconds, or None.
    """

    def __init__(self, host: str, where: str, reason: str, *, status: int, retry_after_s: float | None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(host, where, reason, status=status, retryable=True)


class Unavailable(RegistryError):
    """The registry failed (5xx), or the connection to it did."""


class HostGivenUp(RegistryError):
    """A host used up its retry budget; in this run nothing more is sent to it, or no more requests of one kind."""


class UntrustedAnswer(RegistryError):
    """A registry's answer breaks the protocol or a security rule, and was not followed."""


class DigestMismatch(UntrustedAnswer):
    """Bytes or a `Docker-Content-Digest` do not match the digest that was asked for."""


class InvalidContent(UntrustedAnswer):
    """A document is not what its media type says, or is served as what it is not."""


class ListingIncomplete(RegistryError):
    """A listing could not be read to its end; nothing may be called absent on its word."""


class ListingCutOff(ListingIncomplete):
    """A listing ended where the registry ends every one, and holds more than it tells."""


class UnsupportedContent(RegistryError):
    """An image cannot be promoted byte for byte, such as one with a Docker schema 1 manifest."""
