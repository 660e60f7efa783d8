"""Image manifests and indexes read from their source, each once per run, whatever wants them.

Those that an earlier run has kept are not read again: a digest stands for the same bytes for ever. Whether a repository
holds them is another question, and is asked of the repository.
"""

from collections.abc import Mapping
from typing import Protocol

import anyio

from cip_async.errors import CipError, NotFound, RegistryError, UntrustedAnswer
from cip_async.model.image import ImageDocument
from cip_async.planning.learnt import Learnt
from cip_async.reference import Digest, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.documents import parse_document
from cip_async.registry.image_manifests import verify
from cip_async.registry.once import Once
from cip_async.settings import Bodies


class Kept(Protocol):
    """Documents of earlier runs."""

    async def document(self, digest: Digest) -> tuple[str, bytes] | None:
        """The media type and bytes kept of a document, which are not trusted; None where nothing is."""

    async def keep_document(self, document: ImageDocument) -> None:
        """Keep a document that was verified."""


class Documents:
    """Reads documents, and keeps them until they are forgotten, and in `kept`, if there is one, for later runs.

    `learnt` counts those that had to be read or asked for.
    """

    def __init__(self, client: RegistryClient, limits: Bodies, learnt: Learnt, kept: Kept | None = None) -> None:
        self._client = client
        self._limits = limits
        self._learnt = learnt
        self._kept = kept
        self._known: dict[Repository, dict[Digest, ImageDocument]] = {}
        self._shown: dict[Repository, set[Digest]] = {}
        self._once: Once[tuple[Repository, Digest], ImageDocument | None] = Once()

    async def document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """One document; None if `repository` is proven not to hold it.

        One that an earlier run has kept is given whether `repository` holds it or not.

        Raises:
            RegistryError: it cannot be read, or what came is not what was asked for.
        """
        known = self._known.get(repository, {}).get(digest)
        if known is None:
            known = await self._once.get((repository, digest), lambda: self._recalled_or_read(repository, digest))
        return known

    async def holds(self, repository: Repository, digest: Digest) -> bool:
        """Whether `repository` holds a document: one whose bytes are known is asked for by a HEAD, others are read.

        Docker Hub counts each GET of a manifest, and no HEAD
        (https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit).

        Raises:
            RegistryError: that cannot be said.
        """
        if digest in self._shown.get(repository, ()):
            return True
        if await self._recalled(repository, digest) is None:
            return await self._once.get((repository, digest), lambda: self._read(repository, digest)) is not None
        head = await self._client.head_manifest(repository, digest)
        self._learnt.of(repository.host).heads += 1
        if head is None:
            return False
        self._shown.setdefault(repository, set()).add(digest)
        return True

    async def top(self, repository: Repository, digest: Digest) -> dict[Digest, ImageDocument]:
        """A document alone, as the tree that it would be without what it refers to.

        Raises:
            NotFound: it is not in `repository`.
            RegistryError: as `document`.
        """
        return {digest: await self._existing(repository, digest)}

    async def parts(
        self, repository: Repository, digest: Digest, lacking: Mapping[Digest, Repository]
    ) -> dict[Digest, ImageDocument]:
        """A document with those below it that `repository` is `lacking`, each read where it is to be had.

        Raises:
            NotFound, RegistryError: as `top`.
        """
        found: dict[Digest, ImageDocument] = {}
        level = [digest]
        while level:
            for each in level:
                found[each] = await self._existing(lacking.get(each, repository), each)
            children = (child.digest for parent in level for child in found[parent].children)
            level = [child for child in dict.fromkeys(children) if child in lacking and child not in found]
        return found

    async def tree(self, repository: Repository, digest: Digest) -> dict[Digest, ImageDocument]:
        """A document with all that it refers to, at any depth.

        Raises:
            NotFound: one of them is not in `repository`.
            UntrustedAnswer: indexes nest too deep.
            RegistryError: as `document`.
        """
        found: dict[Digest, ImageDocument] = {}
        level = [digest]
        for _ in range(self._limits.index_depth + 1):
            await self._read_level(repository, level, found)
            children = (child.digest for parent in level for child in found[parent].children)
            level = [child for child in dict.fromkeys(children) if child not in found]
            if not level:
                return found
        where = f"{repository.path}@{digest}"
        raise UntrustedAnswer(repository.host, where, f"indexes nest deeper than {self._limits.index_depth}")

    def forget(self, repository: Repository) -> None:
        """Drop the documents of a repository from which nothing more is wanted."""
        self._known.pop(repository, None)
        self._shown.pop(repository, None)

    async def _recalled_or_read(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        recalled = await self._recalled(repository, digest)
        return await self._read(repository, digest) if recalled is None else recalled

    async def _recalled(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """A document of this run, or of an earlier one, verified as if it came from `repository`; None without one."""
        known = self._known.get(repository, {}).get(digest)
        if known is not None or self._kept is None:
            return known
        found = await self._kept.document(digest)
        if found is None:
            return None
        media_type, body = found
        try:
            verify(repository, digest, body)
            document = parse_document(repository, digest, media_type, body, most_children=self._limits.index_children)
        except RegistryError:
            return None
        self._known.setdefault(repository, {})[digest] = document
        return document

    async def _read(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        document = await self._client.get_document(repository, digest)
        self._learnt.of(repository.host).documents += 1
        if document is not None:
            self._known.setdefault(repository, {})[digest] = document
            self._shown.setdefault(repository, set()).add(digest)
            if self._kept is not None:
                await self._kept.keep_document(document)
        return document

    async def _read_level(
        self, repository: Repository, digests: list[Digest], found: dict[Digest, ImageDocument]
    ) -> None:
        """Read documents side by side; the first failure is raised when all have ended."""
        failures: list[CipError] = []

        async def read(digest: Digest) -> None:
            try:
                found[digest] = await self._existing(repository, digest)
            except CipError as error:
                failures.append(error)

        if len(digests) == 1:
            await read(digests[0])
        else:
            async with anyio.create_task_group() as tasks:
                for digest in digests:
                    tasks.start_soon(read, digest)
        if failures:
            raise failures[0]

    async def _existing(self, repository: Repository, digest: Digest) -> ImageDocument:
        document = await self.document(repository, digest)
        if document is None:
            where = f"{repository.path}@{digest}"
            raise NotFound(repository.host, where, "this manifest is not there", status=404)
        return document
