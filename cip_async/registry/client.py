"""What the promoter asks of registries, in their own terms: listings, manifests, blobs, mounts, uploads.

Operations: OCI distribution specification v1.1, "Endpoints". Each takes and gives parsed types. What is sent for them,
and what the answers say, is told by the modules of what they are about: pages, image manifests, blobs, uploads.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar

from cip_async.errors import CredentialError, NotFound, Unauthorized, Unavailable
from cip_async.model.image import ImageDocument
from cip_async.reference import Digest, Host, Repository, Tag
from cip_async.registry import blobs, image_manifests, pages, uploads
from cip_async.registry.absence import NOT_A_REGISTRYS, absence, has_telling_header, is_proven
from cip_async.registry.blobs import BlobHead
from cip_async.registry.exchange import Answer, Replayable, Request
from cip_async.registry.exchanger import BodyStream
from cip_async.registry.image_manifests import ManifestHead
from cip_async.registry.listing.artifact_repository import API_HOST, ArtifactRepository
from cip_async.registry.pages import CatalogPage, DockerImagesPage, NextPage, TagsPage
from cip_async.registry.transport import Transport
from cip_async.registry.uploads import UploadSession
from cip_async.settings import Bodies

T = TypeVar("T")

_CREATED: Final = HTTPStatus.CREATED
_ACCEPTED: Final = HTTPStatus.ACCEPTED


class RegistryClient:
    """The operations of the distribution API that a promotion takes."""

    def __init__(self, transport: Transport, bodies: Bodies) -> None:
        self._transport = transport
        self._endpoints = transport.endpoints
        self._bodies = bodies

    async def tags_page(self, repository: Repository, *, n: int, next_page: NextPage | None = None) -> TagsPage:
        """One page of at most `n` tags, the first or `next_page`.

        Raises:
            NotFound: the registry says that there is no such repository, or none with a tag.
            RegistryError: the page could not be had, or cannot be trusted.
        """
        request = pages.tags_request(repository, n, next_page, self._endpoints, self._bodies.listing_bytes)
        return await self._page(request, lambda answer: pages.tags_page(repository, answer, self._endpoints))

    async def catalog_page(self, host: Host, *, n: int, next_page: NextPage | None = None) -> CatalogPage:
        """One page of at most `n` repositories of `host`, the first or `next_page`.

        Raises:
            RegistryError: the registry has no catalog, or the page cannot be had or trusted.
        """
        request = pages.catalog_request(host, n, next_page, self._bodies.listing_bytes)
        return await self._page(request, lambda answer: pages.catalog_page(host, answer, self._endpoints))

    async def docker_images_page(
        self, parent: ArtifactRepository, *, asked_for: Repository, page_size: int, page_token: str = ""
    ) -> DockerImagesPage:
        """One page of all images of `parent`, the first or that of a token, from the Artifact Registry API.

        It is asked as whoever may read `asked_for`, a repository in `parent`. Its 404 says nothing of any repository.

        Raises:
            RegistryError: the page could not be had, or cannot be trusted.
        """
        path = f"/v1/{parent.resource}/dockerImages"
        request = pages.docker_images_request(
            API_HOST, path, asked_for, page_size, page_token, self._bodies.listing_bytes
        )
        return await self._transport.read(request, lambda answer: pages.docker_images_page(API_HOST, path, answer))

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
        request = image_manifests.head_request(repository, reference, self._endpoints, self._bodies.manifest_bytes)
        answer = await self._transport.send(request)
        is_absent = answer.status == HTTPStatus.NOT_FOUND
        if is_absent and has_telling_header(answer):
            return None
        head = None if is_absent else image_manifests.head_in(repository, reference, answer)
        return await self._whole_head(repository, reference) if head is None else head

    async def get_document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """The image manifest or index `digest`, verified and parsed; None if it is proven absent.

        Bytes that are not those of `digest` are asked for again: they may have been damaged on the way.

        Raises:
            DigestMismatch: the bytes are not those of `digest`.
            InvalidContent, UnsupportedContent: as `parse_document`.
            RegistryError: any other answer.
        """
        reading = partial(image_manifests.document_in, repository, digest, most_children=self._bodies.index_children)
        return await self._get_manifest(repository, digest, reading)

    async def head_blob(self, repository: Repository, digest: Digest) -> BlobHead | None:
        """What `repository` says of a blob; None if it is proven absent.

        One of whose 404 the headers do not say that it is a registry's is asked for by a GET, since a HEAD has no body
        that could; of the bytes none is read.

        Raises:
            RegistryError: any other answer than that it is there, or is not.
        """
        request = blobs.head_request(repository, digest, self._endpoints, self._bodies.error_bytes)
        answer = await self._transport.send(request)
        if answer.status != HTTPStatus.NOT_FOUND:
            return blobs.head_in(answer)
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
        request = blobs.get_request(repository, digest, size_bytes, self._endpoints, offset=offset)
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
        is_here = source.host == destination.host
        request = uploads.mount_request(source, destination, digest, self._endpoints, self._bodies.error_bytes)
        try:
            answer = await (self._transport.send(request) if is_here else self._transport.send_once(request))
        except (Unauthorized, CredentialError):
            return False
        if answer.status == _CREATED:
            return True
        if answer.status == _ACCEPTED and "Location" in answer.headers:
            return uploads.session_in(destination, answer, self._endpoints)
        return False

    async def start_upload(self, destination: Repository) -> UploadSession:
        """Open an upload.

        Raises:
            RegistryError: the registry did not open one.
        """
        request = uploads.start_request(destination, self._endpoints, self._bodies.error_bytes)
        return uploads.session_in(destination, await self._transport.send(request), self._endpoints)

    async def upload(self, session: UploadSession, digest: Digest, body: Replayable, *, again: bool = False) -> None:
        """Send a whole blob into an open upload and close it with its digest: one PUT, never repeated as it is.

        Raises:
            RegistryError: the blob was not stored; a new upload must be opened before another try.
        """
        request = uploads.upload_request(session, digest, body, self._endpoints, self._bodies.error_bytes)
        await self._transport.send_once(request, again=again)

    async def cancel_upload(self, session: UploadSession, *, even_if_given_up: bool = False) -> None:
        """Give up an open upload. Registries without that request clean up by themselves, so a refusal is no error.

        `even_if_given_up`: the host is asked also where it failed for too long before.

        Raises:
            RegistryError: the registry failed.
        """
        most_bytes = self._bodies.error_bytes
        request = uploads.cancel_request(session, self._endpoints, most_bytes, even_if_given_up=even_if_given_up)
        await self._transport.send_once(request)

    async def put_document(self, destination: Repository, document: ImageDocument) -> None:
        """Store a document under its digest.

        Raises:
            ContentUnknown: the registry misses content that the document refers to.
            DigestMismatch: the registry stored something else.
            RegistryError: any other refusal.
        """
        request = self._put_request(destination, document, document.digest)
        self._check_stored(destination, document, document.digest, await self._transport.send(request))

    async def put_tag(self, destination: Repository, document: ImageDocument, tag: Tag, *, again: bool = False) -> None:
        """Store a document under a tag: one PUT, not repeated here, since by then the tag may be somebody else's.

        Raises:
            TagImmutable: the tag exists, and the registry moves none.
            ContentUnknown, DigestMismatch, RegistryError: as `put_document`.
        """
        request = self._put_request(destination, document, tag)
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
        request = self._put_request(destination, document, document.digest, tags)
        answer = await self._transport.send_once(request, again=again)
        self._check_stored(destination, document, document.digest, answer)
        return image_manifests.tags_stored(answer)

    async def _opened_blob(self, repository: Repository, digest: Digest, again: bool) -> BlobHead | None:
        try:
            async with self.blob(repository, digest, 0, again=again) as stream:
                return blobs.head_in(stream.answer)
        except NotFound as error:
            if error.code:
                return None
            raise Unavailable(error.host, error.where, NOT_A_REGISTRYS, status=error.status) from error

    def _put_request(
        self, destination: Repository, document: ImageDocument, reference: Tag | Digest, tags: tuple[Tag, ...] = ()
    ) -> Request:
        most_bytes = self._bodies.error_bytes
        return image_manifests.put_request(destination, document, reference, self._endpoints, most_bytes, tags=tags)

    def _check_stored(
        self, destination: Repository, document: ImageDocument, reference: Tag | Digest, answer: Answer
    ) -> None:
        image_manifests.check_stored(destination, document, reference, answer, self._endpoints)

    async def _whole_head(self, repository: Repository, reference: Tag | Digest) -> ManifestHead | None:
        most_children = self._bodies.index_children
        reading = partial(image_manifests.head_of_whole, repository, reference, most_children=most_children)
        return await self._get_manifest(repository, reference, reading)

    async def _get_manifest(
        self, repository: Repository, reference: Tag | Digest, reading: Callable[[Answer], T]
    ) -> T | None:
        request = image_manifests.get_request(repository, reference, self._endpoints, self._bodies.manifest_bytes)

        def read(answer: Answer) -> T | None:
            if answer.status != HTTPStatus.NOT_FOUND:
                return reading(answer)
            if is_proven(answer):
                return None
            raise absence(request, answer)

        return await self._transport.read(request, read)

    async def _page(self, request: Request, reading: Callable[[Answer], T]) -> T:
        def read(answer: Answer) -> T:
            if answer.status == HTTPStatus.NOT_FOUND:
                raise absence(request, answer)
            return reading(answer)

        return await self._transport.read(request, read)
