"""What the promoter asks of registries, in their own terms: listings, manifests, blobs, mounts, uploads.

Operations: OCI distribution specification v1.1, "Endpoints". Each takes and gives parsed types; raw paths and
headers do not leave this module.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import attrs
from yarl import URL

from cip_async.errors import (
    CredentialError,
    DigestMismatch,
    InvalidReference,
    NotFound,
    Unauthorized,
    Unavailable,
    UntrustedAnswer,
)
from cip_async.model.image import ImageDocument
from cip_async.model.report import RequestClass
from cip_async.reference import Digest, Host, Repository, Tag, parse_digest
from cip_async.registry.absence import NOT_A_REGISTRYS, absence, has_telling_header, is_proven
from cip_async.registry.credentials.scopes import CATALOG, pull, push
from cip_async.registry.documents import named_media_type, parse_document, refuse_schema_1
from cip_async.registry.exchange import Answer, Replayable, Request
from cip_async.registry.exchanger import BodyStream
from cip_async.registry.listing.artifact_repository import API_HOST, ArtifactRepository
from cip_async.registry.origins import objection_to_location, same_origin, shown, supplied
from cip_async.registry.pages import (
    CatalogPage,
    DockerImagesPage,
    NextPage,
    TagsPage,
    catalog_page,
    docker_images_page,
    tags_page,
)
from cip_async.registry.transport import Transport
from cip_async.registry.wire import MANIFEST_ACCEPT, accepted_tags
from cip_async.settings import Bodies

_SIZE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_OK: Final = frozenset({200})
_OK_OR_ABSENT: Final = frozenset({200, 404})
_BLOB: Final = frozenset({200, 206})
_OPENED: Final = frozenset({201, 202})
_STORED: Final = frozenset({200, 201, 204})
"""Answers to the PUT that closes an upload. 202 says that the registry goes on waiting for bytes."""
_MANIFEST_STORED: Final = frozenset({200, 201, 202})
_CANCELLED: Final = frozenset({200, 202, 204, 400, 401, 403, 404, 405})
_CREATED: Final = HTTPStatus.CREATED
_ACCEPTED: Final = HTTPStatus.ACCEPTED
_MOUNT_ANSWERS: Final = frozenset({201, 202, 400, 403, 404, 405, 415})
"""Answers to a mount besides those that every request may get. Registries that do not mount say so in many
ways (Harbor, Quay, Nexus, Artifactory); none is a reason to fail, since an upload remains."""


@attrs.frozen(kw_only=True)
class ManifestHead:
    """What a registry says of a manifest without its body; `size_bytes` is None where it did not say."""

    digest: Digest
    media_type: str
    size_bytes: int | None


@attrs.frozen(kw_only=True)
class BlobHead:
    """What a registry says of a blob without its bytes; `size_bytes` is None where it did not say."""

    size_bytes: int | None


@attrs.frozen(kw_only=True)
class UploadSession:
    """An upload that a registry opened: where its bytes go."""

    repository: Repository
    location: URL = attrs.field(repr=shown)


class RegistryClient:
    """The operations of the distribution API that a promotion takes."""

    def __init__(self, transport: Transport, bodies: Bodies) -> None:
        self._transport = transport
        self._bodies = bodies

    async def tags_page(self, repository: Repository, *, n: int, next_page: NextPage | None = None) -> TagsPage:
        """One page of at most `n` tags, the first or `next_page`.

        Raises:
            NotFound: the registry says that there is no such repository, or none with a tag.
            RegistryError: the page could not be had, or cannot be trusted.
        """
        path = f"/v2/{self._path(repository)}/tags/list"
        answer = await self._page(repository.host, repository, path, n, next_page)
        return tags_page(repository.host, path, answer, self._transport.endpoints)

    async def catalog_page(self, host: Host, *, n: int, next_page: NextPage | None = None) -> CatalogPage:
        """One page of at most `n` repositories of `host`, the first or `next_page`.

        Raises:
            RegistryError: the registry has no catalog, or the page cannot be had or trusted.
        """
        path = "/v2/_catalog"
        answer = await self._page(host, None, path, n, next_page)
        return catalog_page(host, path, answer, self._transport.endpoints)

    async def docker_images_page(
        self, parent: ArtifactRepository, *, asked_for: Repository, page_size: int, page_token: str = ""
    ) -> DockerImagesPage:
        """One page of all images of `parent`, the first or that of a token, from the Artifact Registry API.

        It is asked as whoever may read `asked_for`, a repository in `parent`. Its 404 says nothing of any repository.

        Raises:
            RegistryError: the page could not be had, or cannot be trusted.
        """
        path = f"/v1/{parent.resource}/dockerImages"
        query = f"pageSize={page_size}" + (f"&pageToken={quote(page_token, safe='')}" if page_token else "")
        answer = await self._transport.send(
            Request(
                host=API_HOST,
                method="GET",
                target=f"{path}?{query}",
                request_class=RequestClass.LISTING,
                repository=asked_for,
                scopes=(),
                expected=_OK,
                most_bytes=self._bodies.listing_bytes,
            )
        )
        return docker_images_page(API_HOST, path, answer)

    async def head_manifest(self, repository: Repository, reference: Tag | Digest) -> ManifestHead | None:
        """The digest that `reference` has in `repository`; None if it is proven absent.

        A registry that leaves out `Docker-Content-Digest` is asked for the whole manifest, as is one of whose 404 the
        headers do not say that it is a registry's, since a HEAD has no body that could. One may also name a digest
        of another algorithm than it was asked by; both are digests of the same bytes.

        Raises:
            DigestMismatch: it holds something else under a digest.
            UntrustedAnswer, UnsupportedContent: the whole manifest was asked for, and is none.
            RegistryError: any other answer than that it is there, or is not.
        """
        answer = await self._transport.send(
            self._manifest_request("HEAD", RequestClass.MANIFEST_HEAD, repository, reference)
        )
        is_absent = answer.status == HTTPStatus.NOT_FOUND
        if is_absent and has_telling_header(answer):
            return None
        announced = answer.headers.get("Docker-Content-Digest")
        media_type = named_media_type(answer.headers.get("Content-Type", ""))
        length = answer.headers.get("Content-Length", "")
        size_bytes = int(length) if _SIZE.fullmatch(length) else None
        if is_absent or announced is None:
            return await self._hashed(repository, reference)
        digest = self._parsed_digest(repository, reference, announced)
        if ":" in reference:
            if _same_algorithm(reference, digest) and digest != reference:
                raise DigestMismatch(repository.host, f"HEAD {reference}", f"the registry says its digest is {digest}")
            digest = Digest(reference)
        return ManifestHead(digest=digest, media_type=media_type, size_bytes=size_bytes)

    async def get_document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """The image manifest or index `digest`, verified and parsed; None if it is proven absent.

        Bytes that are not those of `digest` are asked for once more: they may have been damaged on the way.

        Raises:
            DigestMismatch: the bytes are not those of `digest`.
            InvalidContent, UnsupportedContent: as `parse_document`.
            RegistryError: any other answer.
        """
        answer = await self._get_manifest(repository, digest)
        if answer is None:
            return None
        try:
            return self._document(repository, digest, answer)
        except DigestMismatch:
            answer = await self._get_manifest(repository, digest)
        return None if answer is None else self._document(repository, digest, answer)

    async def head_blob(self, repository: Repository, digest: Digest) -> BlobHead | None:
        """What `repository` says of a blob; None if it is proven absent.

        One of whose 404 the headers do not say that it is a registry's is asked for by a GET, since a HEAD has no body
        that could; of the bytes none is read.

        Raises:
            RegistryError: any other answer than that it is there, or is not.
        """
        path = self._path(repository)
        answer = await self._transport.send(
            Request(
                host=repository.host,
                method="HEAD",
                target=f"/v2/{path}/blobs/{digest}",
                request_class=RequestClass.BLOB_HEAD,
                repository=repository,
                scopes=pull(path),
                expected=_OK_OR_ABSENT,
                most_bytes=self._bodies.error_bytes,
            )
        )
        if answer.status != HTTPStatus.NOT_FOUND:
            return _blob_head(answer)
        if has_telling_header(answer):
            return None
        return await self._transport.retry.run(lambda again: self._opened_blob(repository, digest, again))

    @asynccontextmanager
    async def blob(
        self, repository: Repository, digest: Digest, size_bytes: int, *, offset: int = 0, again: bool = False
    ) -> AsyncIterator[BodyStream]:
        """The bytes of a blob, unverified, from `offset` where the registry can (status 206), else from the start.

        Raises:
            RegistryError: the blob is not to be had; also while it is read.
        """
        request = Request(
            host=repository.host,
            method="GET",
            target=f"/v2/{self._path(repository)}/blobs/{digest}",
            request_class=RequestClass.BLOB_GET,
            repository=repository,
            scopes=pull(self._path(repository)),
            expected=_BLOB,
            most_bytes=max(size_bytes, 1),
            byte_range=f"bytes={offset}-" if offset else None,
        )
        async with self._transport.stream(request, again=again) as stream:
            yield stream

    async def mount(self, source: Repository, destination: Repository, digest: Digest) -> UploadSession | bool:
        """Ask for a blob of another repository, which is on the same host or on one that it may mount from.

        Google's registries know the second, with `origin`, if the two are in one location
        (https://github.com/google/go-containerregistry/issues/1321). They read the other host in their own way, so
        nothing is asked for there, and since an upload does as well, the mount is not tried again.

        True: it is mounted (201, nothing else counts). An upload session: the registry opened one instead
        (202). False: it would do neither, or its token service grants no such pair of scopes: Docker Hub's refuses
        all if one repository does not exist (https://github.com/google/go-containerregistry/issues/1679). An upload
        asks for less, and tells what is wrong if that is refused too.

        Raises:
            RegistryError: the registry failed.
        """
        path, origin_path = self._path(destination), self._path(source)
        is_here = source.host == destination.host
        origin = "" if is_here else f"&origin={source.host}"
        request = Request(
            host=destination.host,
            method="POST",
            target=f"/v2/{path}/blobs/uploads/?mount={digest}&from={origin_path}{origin}",
            request_class=RequestClass.MOUNT,
            repository=destination,
            scopes=push(path, origin_path if is_here else None),
            expected=_MOUNT_ANSWERS,
            most_bytes=self._bodies.error_bytes,
        )
        try:
            answer = await (self._transport.send(request) if is_here else self._transport.send_once(request))
        except (Unauthorized, CredentialError):
            return False
        if answer.status == _CREATED:
            return True
        if answer.status == _ACCEPTED and "Location" in answer.headers:
            return self._session(destination, answer)
        return False

    async def start_upload(self, destination: Repository) -> UploadSession:
        """Open an upload.

        Raises:
            RegistryError: the registry did not open one.
        """
        path = self._path(destination)
        answer = await self._transport.send(
            Request(
                host=destination.host,
                method="POST",
                target=f"/v2/{path}/blobs/uploads/",
                request_class=RequestClass.UPLOAD_START,
                repository=destination,
                scopes=push(path),
                expected=_OPENED,
                most_bytes=self._bodies.error_bytes,
            )
        )
        return self._session(destination, answer)

    async def upload(self, session: UploadSession, digest: Digest, body: Replayable, *, again: bool = False) -> None:
        """Send a whole blob into an open upload and close it with its digest: one PUT, never repeated as it is.

        Raises:
            RegistryError: the blob was not stored; a new upload must be opened before another try.
        """
        request = self._upload_request(session, "PUT", RequestClass.UPLOAD, _STORED, digest)
        await self._transport.send_once(
            attrs.evolve(request, content_type="application/octet-stream", body=body), again=again
        )

    async def cancel_upload(self, session: UploadSession) -> None:
        """Give up an open upload. Registries without that request clean up by themselves, so a refusal is no error.

        Raises:
            RegistryError: the registry failed.
        """
        await self._transport.send_once(
            self._upload_request(session, "DELETE", RequestClass.UPLOAD_CANCEL, _CANCELLED, None)
        )

    async def put_document(self, destination: Repository, document: ImageDocument) -> None:
        """Store a document under its digest.

        Raises:
            ContentUnknown: the registry misses content that the document refers to.
            DigestMismatch: the registry stored something else.
            RegistryError: any other refusal.
        """
        request = self._put_request(destination, document, document.digest, "", RequestClass.MANIFEST_PUT)
        self._check_stored(destination, document, document.digest, await self._transport.send(request))

    async def put_tag(self, destination: Repository, document: ImageDocument, tag: Tag, *, again: bool = False) -> None:
        """Store a document under a tag: one PUT, not repeated here, since by then the tag may be somebody else's.

        Raises:
            TagImmutable: the tag exists, and the registry moves none.
            ContentUnknown, DigestMismatch, RegistryError: as `put_document`.
        """
        request = self._put_request(destination, document, tag, "", RequestClass.TAG_PUT)
        self._check_stored(destination, document, tag, await self._transport.send_once(request, again=again))

    async def put_tags(
        self, destination: Repository, document: ImageDocument, tags: tuple[Tag, ...], *, again: bool = False
    ) -> frozenset[str]:
        """Store a document under its digest with several tags, and return the tags the registry says it wrote.

        A registry that does not know of this stores the document and writes no tag: an empty set. It is one PUT, as
        for `put_tag`.

        Raises:
            TagImmutable, ContentUnknown, DigestMismatch, RegistryError: as `put_tag`.
        """
        query = "&".join(f"tag={tag}" for tag in tags)
        request = self._put_request(destination, document, document.digest, f"?{query}", RequestClass.TAG_PUT)
        answer = await self._transport.send_once(request, again=again)
        self._check_stored(destination, document, document.digest, answer)
        return accepted_tags(answer.headers.getall("OCI-Tag", []))

    async def _opened_blob(self, repository: Repository, digest: Digest, again: bool) -> BlobHead | None:
        try:
            async with self.blob(repository, digest, 0, again=again) as stream:
                return _blob_head(stream.answer)
        except NotFound as error:
            if error.code:
                return None
            raise Unavailable(error.host, error.where, NOT_A_REGISTRYS, status=error.status) from error

    def _put_request(
        self,
        destination: Repository,
        document: ImageDocument,
        reference: Tag | Digest,
        query: str,
        request_class: RequestClass,
    ) -> Request:
        path = self._path(destination)
        return Request(
            host=destination.host,
            method="PUT",
            target=f"/v2/{path}/manifests/{reference}{query}",
            request_class=request_class,
            repository=destination,
            scopes=push(path),
            expected=_MANIFEST_STORED,
            most_bytes=self._bodies.error_bytes,
            content_type=document.media_type,
            body=document.body,
        )

    def _check_stored(
        self, destination: Repository, document: ImageDocument, reference: Tag | Digest, answer: Answer
    ) -> None:
        announced = answer.headers.get("Docker-Content-Digest")
        if announced is not None:
            stored = self._parsed_digest(destination, reference, announced)
            if _same_algorithm(stored, document.digest) and stored != document.digest:
                where = f"PUT {self._path(destination)}/manifests/{reference}"
                raise DigestMismatch(destination.host, where, f"the registry stored {stored}, not {document.digest}")

    async def _hashed(self, repository: Repository, reference: Tag | Digest) -> ManifestHead | None:
        whole = await self._get_manifest(repository, reference)
        if whole is None:
            return None
        digest = Digest(reference) if ":" in reference else _digest_of(whole.body)
        document = self._document(repository, digest, whole)
        return ManifestHead(digest=digest, media_type=document.media_type, size_bytes=len(whole.body))

    def _document(self, repository: Repository, digest: Digest, answer: Answer) -> ImageDocument:
        content_type = answer.headers.get("Content-Type", "")
        refuse_schema_1(repository, digest, content_type)
        verify(repository, digest, answer.body)
        return parse_document(
            repository,
            digest,
            content_type,
            answer.body,
            most_children=self._bodies.index_children,
        )

    async def _get_manifest(self, repository: Repository, reference: Tag | Digest) -> Answer | None:
        request = self._manifest_request("GET", RequestClass.MANIFEST_GET, repository, reference)
        answer = await self._transport.send(request)
        if answer.status != HTTPStatus.NOT_FOUND:
            return answer
        if is_proven(answer):
            return None
        raise absence(request, answer)

    def _manifest_request(
        self, method: str, request_class: RequestClass, repository: Repository, reference: Tag | Digest
    ) -> Request:
        path = self._path(repository)
        return Request(
            host=repository.host,
            method=method,
            target=f"/v2/{path}/manifests/{reference}",
            request_class=request_class,
            repository=repository,
            scopes=pull(path),
            expected=_OK_OR_ABSENT,
            most_bytes=self._bodies.manifest_bytes,
            accept=MANIFEST_ACCEPT,
        )

    async def _page(
        self, host: Host, repository: Repository | None, path: str, n: int, next_page: NextPage | None
    ) -> Answer:
        request = Request(
            host=host,
            method="GET",
            target=f"{path}?n={n}",
            url=None if next_page is None else next_page.url,
            request_class=RequestClass.LISTING,
            repository=repository,
            scopes=CATALOG if repository is None else pull(self._path(repository)),
            expected=_OK_OR_ABSENT,
            most_bytes=self._bodies.listing_bytes,
        )
        answer = await self._transport.send(request)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise absence(request, answer)
        return answer

    def _session(self, destination: Repository, answer: Answer) -> UploadSession:
        where = f"POST {self._path(destination)}/blobs/uploads/"
        try:
            location = supplied(answer.url, answer.headers.get("Location", ""))
        except ValueError as error:
            raise UntrustedAnswer(destination.host, where, "the upload's Location is not a URL") from error
        location = self._transport.endpoints.map_back(destination.host, location)
        objection = objection_to_location(answer.url, location)
        if objection is not None:
            raise UntrustedAnswer(destination.host, where, f"upload refused: {objection}")
        return UploadSession(repository=destination, location=location)

    def _upload_request(
        self,
        session: UploadSession,
        method: str,
        request_class: RequestClass,
        expected: frozenset[int],
        digest: Digest | None,
    ) -> Request:
        location, repository = session.location, session.repository
        if digest is not None:
            joint = "&" if location.raw_query_string else "?"
            location = URL(f"{location}{joint}digest={digest}", encoded=True)
        at_home = same_origin(location, self._transport.endpoints.origin(repository.host))
        return Request(
            host=repository.host,
            method=method,
            target=location.raw_path_qs,
            url=location,
            request_class=request_class,
            repository=repository,
            scopes=push(self._path(repository)) if at_home else (),
            expected=expected,
            most_bytes=self._bodies.error_bytes,
        )

    def _path(self, repository: Repository) -> str:
        return self._transport.endpoints.path(repository)

    def _parsed_digest(self, repository: Repository, reference: str, announced: str) -> Digest:
        try:
            return parse_digest(announced)
        except InvalidReference as error:
            where = f"{repository.path}/manifests/{reference}"
            raise UntrustedAnswer(repository.host, where, f"Docker-Content-Digest: {error}") from error


def verify(repository: Repository, digest: Digest, body: bytes) -> None:
    """Check that `body` has the digest it was asked by.

    Raises:
        DigestMismatch: it has another.
    """
    found = _digest_of(body, digest.partition(":")[0])
    if found != digest:
        raise DigestMismatch(repository.host, f"{repository.path}@{digest}", f"the bytes have the digest {found}")


def _blob_head(answer: Answer) -> BlobHead:
    length = answer.headers.get("Content-Length", "")
    return BlobHead(size_bytes=int(length) if _SIZE.fullmatch(length) else None)


def _digest_of(body: bytes, algorithm: str = "sha256") -> Digest:
    return Digest(f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}")


def _same_algorithm(one: str, other: str) -> bool:
    return one.partition(":")[0] == other.partition(":")[0]
