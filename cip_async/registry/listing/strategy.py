"""Which listing strategy a host takes: known from its name, or as the operator says."""

import enum
from collections.abc import Callable, Mapping

import attrs

from cip_async.reference import Host
from cip_async.registry.listing.artifact_repository import API_HOST, is_artifact_registry


class Strategy(enum.Enum):
    """How repositories of a host are listed."""

    OCI = "oci"
    """`tags/list` page by page, then a HEAD for each tag or digest of interest."""
    GOOGLE = "google"
    """Google's extended `tags/list`: everything in one request."""
    ARTIFACT_REGISTRY = "artifact-registry"
    """The API of Artifact Registry where it takes fewer requests or tells more, else as `google`."""

    @property
    def is_google(self) -> bool:
        """Whether a host that is listed so is one of Google's, or stands in for one."""
        return self is not Strategy.OCI


def _never(host: Host) -> bool:
    del host
    return False


@attrs.frozen
class Strategies:
    """The strategy of each host; `chosen` overrides what its name says.

    `is_elsewhere` tells of which hosts something else than their name says where they are served.
    """

    chosen: Mapping[Host, Strategy] = attrs.field(factory=dict)
    is_elsewhere: Callable[[Host], bool] = _never

    def of(self, host: Host) -> Strategy:
        """The strategy for `host`: `artifact-registry` or `google` for Google's names, else `oci`.

        The API knows nothing of what stands in for a registry, unless something stands in for the API too.
        """
        if host in self.chosen:
            return self.chosen[host]
        if is_artifact_registry(host) and (not self.is_elsewhere(host) or self.is_elsewhere(API_HOST)):
            return Strategy.ARTIFACT_REGISTRY
        return Strategy.GOOGLE if is_google(host) else Strategy.OCI


def is_google(host: Host) -> bool:
    """Whether `host` is one of Google's registries, by its name.

    Names: https://cloud.google.com/artifact-registry/docs/docker/names and `…/docs/transition/gcr-repositories`.
    """
    name = host.partition(":")[0]
    return name == "gcr.io" or name.endswith(".gcr.io") or is_artifact_registry(host)
