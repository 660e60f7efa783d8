"""Image manifests and indexes read from their source, each once per run, whatever wants them."""

import anyio

from cip_async.errors import CipError, NotFound, UntrustedAnswer
from cip_async.model.image import ImageDocument
from cip_async.reference import Digest, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.once import Once
from cip_async.settings import Bodies


class Documents:
    """Reads documents, and keeps them until they are forgotten."""

    def __init__(self, client: RegistryClient, limits: Bodies) -> None:
        self._client = client
        self._limits = limits
        self._known: dict[Repository, dict[Digest, ImageDocument]] = {}
        self._once: Once[tuple[Repository, Digest], ImageDocument | None] = Once()

    async def document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """One document; None if `repository` is proven not to hold it.

        Raises:
            RegistryError: it cannot be read, or what came is not what was asked for.
        """
        known = self._known.get(repository, {}).get(digest)
        if known is None:
            known = await self._once.get((repository, digest), lambda: self._client.get_document(repository, digest))
            if known is not None:
                self._known.setdefault(repository, {})[digest] = known
        return known

    async def top(self, repository: Repository, digest: Digest) -> dict[Digest, ImageDocument]:
        """A document alone, as the tree that it would be without what it refers to.

        Raises:
            NotFound: it is not in `repository`.
            RegistryError: as `document`.
        """
        return {digest: await self._existing(repository, digest)}

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
