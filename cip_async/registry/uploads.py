"""What is asked for a blob to get into a repository, by a mount or an upload, and what the answers say; pure.

OCI distribution specification v1.1, "Pushing blobs".
"""

from typing import Final

import attrs
from yarl import URL

from cip_async.errors import UntrustedAnswer
from cip_async.model.report import RequestClass
from cip_async.reference import Digest, Repository
from cip_async.registry.credentials.scopes import push
from cip_async.registry.endpoints import Endpoints
from cip_async.registry.exchange import Answer, Replayable, Request
from cip_async.registry.origins import objection_to_location, same_origin, shown, supplied

_OPENED: Final = frozenset({201, 202})
_STORED: Final = frozenset({200, 201, 204})
"""Answers to the PUT that closes an upload. 202 says that the registry goes on waiting for bytes."""
_CANCELLED: Final = frozenset({200, 202, 204, 400, 401, 403, 404, 405})
_MOUNT_ANSWERS: Final = frozenset({201, 202, 400, 403, 404, 405, 415})
"""Answers to a mount besides those that every request may get. Registries that do not mount say so in many
ways (Harbor, Quay, Nexus, Artifactory); none is a reason to fail, since an upload remains."""


@attrs.frozen(kw_only=True)
class UploadSession:
    """An upload that a registry opened: where its bytes go."""

    repository: Repository
    location: URL = attrs.field(repr=shown)


def mount_request(
    source: Repository, destination: Repository, digest: Digest, endpoints: Endpoints, most_bytes: int
) -> Request:
    """Ask for a blob of another repository, of this host or of the one that `origin` names."""
    path, origin_path = endpoints.path(destination), endpoints.path(source)
    is_here = source.host == destination.host
    origin = "" if is_here else f"&origin={source.host}"
    return Request(
        host=destination.host,
        method="POST",
        target=f"/v2/{path}/blobs/uploads/?mount={digest}&from={origin_path}{origin}",
        request_class=RequestClass.MOUNT,
        repository=destination,
        scopes=push(path, origin_path if is_here else None),
        expected=_MOUNT_ANSWERS,
        most_bytes=most_bytes,
    )


def start_request(destination: Repository, endpoints: Endpoints, most_bytes: int) -> Request:
    """Ask for an upload to be opened."""
    path = endpoints.path(destination)
    return Request(
        host=destination.host,
        method="POST",
        target=f"/v2/{path}/blobs/uploads/",
        request_class=RequestClass.UPLOAD_START,
        repository=destination,
        scopes=push(path),
        expected=_OPENED,
        most_bytes=most_bytes,
    )


def session_in(destination: Repository, answer: Answer, endpoints: Endpoints) -> UploadSession:
    """The upload that an answer says was opened.

    Raises:
        UntrustedAnswer: the answer does not say where, or leads to where it may not.
    """
    where = f"POST {endpoints.path(destination)}/blobs/uploads/"
    try:
        location = supplied(answer.url, answer.headers.get("Location", ""))
    except ValueError as error:
        raise UntrustedAnswer(destination.host, where, "the upload's Location is not a URL") from error
    location = endpoints.map_back(destination.host, location)
    objection = objection_to_location(answer.url, location)
    if objection is not None:
        raise UntrustedAnswer(destination.host, where, f"upload refused: {objection}")
    return UploadSession(repository=destination, location=location)


def upload_request(
    session: UploadSession, digest: Digest, body: Replayable, endpoints: Endpoints, most_bytes: int
) -> Request:
    """Send all of a blob into an open upload, and close it."""
    joint = "&" if session.location.raw_query_string else "?"
    location = URL(f"{session.location}{joint}digest={digest}", encoded=True)
    return Request(
        host=session.repository.host,
        method="PUT",
        target=location.raw_path_qs,
        url=location,
        request_class=RequestClass.UPLOAD,
        repository=session.repository,
        scopes=_scopes(session, endpoints),
        expected=_STORED,
        most_bytes=most_bytes,
        content_type="application/octet-stream",
        body=body,
    )


def cancel_request(
    session: UploadSession, endpoints: Endpoints, most_bytes: int, *, even_if_given_up: bool = False
) -> Request:
    """Give up an open upload; `even_if_given_up`: also where the host failed for too long."""
    return Request(
        host=session.repository.host,
        method="DELETE",
        target=session.location.raw_path_qs,
        url=session.location,
        request_class=RequestClass.UPLOAD_CANCEL,
        repository=session.repository,
        scopes=_scopes(session, endpoints),
        expected=_CANCELLED,
        most_bytes=most_bytes,
        even_if_given_up=even_if_given_up,
    )


def _scopes(session: UploadSession, endpoints: Endpoints) -> tuple[str, ...]:
    """None where the registry sent us elsewhere: that is nobody to show credentials to."""
    repository = session.repository
    at_home = same_origin(session.location, endpoints.origin(repository.host))
    return push(endpoints.path(repository)) if at_home else ()
