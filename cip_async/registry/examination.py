"""Try each registry entry: read from a repository of it, and, if it is a destination, begin an upload and cancel it.

Beginning an upload takes the permission that writing takes, and stores nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import anyio
import attrs

from cip_async.errors import CipError, CredentialError, Denied, NotFound, RegistryError, Unauthorized
from cip_async.model.examination import Examination, Verdict
from cip_async.model.promoter_manifest import PromoterManifests
from cip_async.reference import ImageName, RegistryPath, Repository
from cip_async.registry.client import RegistryClient
from cip_async.registry.transport import Transport

_CLEANUP_S: Final = 10.0
_REFUSALS: Final = (CredentialError, Unauthorized, Denied)
"""Who may not read may still write. A registry that does not answer is not waited for twice."""


@attrs.frozen(order=True)
class _Entry:
    """A registry entry in one of its roles, and one repository that stands for all below it."""

    path: RegistryPath
    is_source: bool
    repository: Repository = attrs.field(order=False)
    named_account: str = attrs.field(order=False)


async def examine(
    manifests: PromoterManifests, *, client: RegistryClient, transport: Transport, at_once: int
) -> tuple[Examination, ...]:
    """Try all registry entries of `manifests`, `at_once` at one time; failures are results.

    Sources are protected from writes first. Of each entry, the first repository that `manifests` name is tried.
    """
    transport.trust_again()
    transport.guard.protect(_sources(manifests))
    entries = iter(_entries(manifests))
    found: list[Examination] = []

    async def work() -> None:
        for entry in entries:
            examination = await _Examiner(client, transport, entry).examination()
            found.append(examination)

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(work)
    return tuple(sorted(found, key=lambda each: (not each.is_source, each.registry)))


@attrs.frozen
class _Examiner:
    """Tries one registry entry."""

    client: RegistryClient
    transport: Transport
    entry: _Entry

    async def examination(self) -> Examination:
        """Everything that was found."""
        account = await self._account()
        unreadable = await self._unreadable()
        unwritable = None if self.entry.is_source else unreadable
        if not self.entry.is_source and (unreadable is None or isinstance(unreadable, _REFUSALS)):
            unwritable = await self._unwritable()
        reasons = dict.fromkeys(str(error) for error in (unreadable, unwritable) if error is not None)
        return Examination(
            registry=self.entry.path,
            is_source=self.entry.is_source,
            account=account,
            read=_verdict(unreadable),
            write=Verdict.NOT_NEEDED if self.entry.is_source else _verdict(unwritable),
            reason="; ".join(reasons),
        )

    async def _account(self) -> str:
        try:
            return await self.transport.account(self.entry.repository.host, self.entry.repository)
        except CredentialError:
            return self.entry.named_account or "-"

    async def _unreadable(self) -> CipError | None:
        try:
            await self.client.tags_page(self.entry.repository, n=1)
        except NotFound:
            return None  # the account may look, and there is nothing yet
        except CipError as error:
            return error
        return None

    async def _unwritable(self) -> CipError | None:
        try:
            session = await self.client.start_upload(self.entry.repository)
        except CipError as error:
            return error
        with anyio.move_on_after(_CLEANUP_S, shield=True):
            try:
                await self.client.cancel_upload(session)
            except RegistryError as error:
                return error
        return None


def _verdict(error: CipError | None) -> Verdict:
    return Verdict.YES if error is None else Verdict.NO


def _sources(manifests: PromoterManifests) -> Iterator[Repository]:
    for manifest in manifests.manifests:
        for image in manifest.images:
            yield manifest.source.path.repository(image.name)


def _entries(manifests: PromoterManifests) -> Iterable[_Entry]:
    entries: dict[tuple[RegistryPath, bool], _Entry] = {}
    for manifest in manifests.manifests:
        images = sorted(image.name for image in manifest.images if image.digests)
        name = images[0] if images else ImageName("image")
        for registry in (manifest.source, *manifest.destinations):
            entry = _Entry(
                registry.path, registry.is_source, registry.path.repository(name), registry.service_account or ""
            )
            known = entries.setdefault((registry.path, registry.is_source), entry)
            if not known.named_account:
                entries[registry.path, registry.is_source] = attrs.evolve(known, named_account=entry.named_account)
    return sorted(entries.values())
