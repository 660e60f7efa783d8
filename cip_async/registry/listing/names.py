"""Names in a registry's answers, parsed before anything is done with them; pure.

A malformed one spoils the answer: to drop it silently would be to call absent what is there. Parsing is also
what keeps a name such as `../../other` out of a URL (CVE-2024-3727 was such a defect).
"""

from collections.abc import Iterable
from typing import Self

import attrs

from cip_async.errors import InvalidReference, UntrustedAnswer
from cip_async.reference import Digest, Host, ImageName, Repository, Tag, parse_digest, parse_image_name, parse_tag
from cip_async.registry.listing.artifact_repository import API_HOST, ArtifactRepository


@attrs.frozen
class Answer:
    """Where names come from: a host, and the request it answered, as errors name it.

    Every parser raises `UntrustedAnswer` for a malformed name.
    """

    host: Host
    where: str

    @classmethod
    def of_tags(cls, repository: Repository) -> Self:
        """The answer that lists the tags of `repository`."""
        return cls(repository.host, f"GET /v2/{repository.path}/tags/list")

    @classmethod
    def of_catalog(cls, host: Host) -> Self:
        """The answer that lists the repositories of `host`."""
        return cls(host, "GET /v2/_catalog")

    @classmethod
    def of_images(cls, parent: ArtifactRepository) -> Self:
        """The answer that lists all images of an Artifact Registry repository."""
        return cls(API_HOST, f"GET /v1/{parent.resource}/dockerImages")

    def tags(self, texts: Iterable[str]) -> tuple[Tag, ...]:
        """The tags in `texts`."""
        try:
            return tuple(parse_tag(text) for text in texts)
        except InvalidReference as error:
            raise self._untrusted(error) from error

    def digest(self, text: str) -> Digest:
        """The digest in `text`; one of an algorithm that cannot be verified here counts as malformed."""
        try:
            return parse_digest(text)
        except InvalidReference as error:
            raise self._untrusted(error) from error

    def image_names(self, texts: Iterable[str]) -> tuple[ImageName, ...]:
        """The repository paths in `texts`."""
        try:
            return tuple(parse_image_name(text) for text in texts)
        except InvalidReference as error:
            raise self._untrusted(error) from error

    def _untrusted(self, error: InvalidReference) -> UntrustedAnswer:
        return UntrustedAnswer(self.host, self.where, f"the answer cannot be used: {error}")
