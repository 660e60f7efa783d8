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
        self._known: dict[tuple[Repository, Digest], ImageDocument] = {}
        self._once: Once[tuple[Repository, Digest], ImageDocument | None] = Once()

    async def document(self, repository: Repository, digest: Digest) -> ImageDocument | None:
        """One document; None if `repository` is proven not to hold it.

        Raises:
            RegistryError: it cannot be read, or what came is not what was asked for.
        """
        key = repository, digest
        known = self._known.get(key)
        if known is None:
            known = await self._once.get(key, lambda: self._client.get_document(repository, digest))
            if known is not None:
                self._known[key] = known
        return known

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
            level = [child.digest for parent in level for child in found[parent].children if child.digest not in found]
            if not level:
                return found
        where = f"{repository.path}@{digest}"
        raise UntrustedAnswer(repository.host, where, f"indexes nest deeper than {self._limits.index_depth}")

    def forget(self, repository: Repository) -> None:
        """Drop the documents of a repository from which nothing more is wanted."""
        for key in [key for key in self._known if key[0] == repository]:
            del self._known[key]

    async def _read_level(
        self, repository: Repository, digests: list[Digest], found: dict[Digest, ImageDocument]
    ) -> None:
        """Read documents side by side; the first failure is raised when all have ended."""
        failures: list[CipError] = []

        async def read(digest: Digest) -> None:
            try:
                document = await self.document(repository, digest)
                if document is None:
                    where = f"{repository.path}@{digest}"
                    raise NotFound(repository.host, where, "the source does not hold this manifest", status=404)
                found[digest] = document
            except CipError as error:
                failures.append(error)

        if len(digests) == 1:
            await read(digests[0])
        else:
            async with anyio.create_task_group() as tasks:
                for digest in dict.fromkeys(digests):
                    tasks.start_soon(read, digest)
        if failures:
            raise failures[0]
