"""Which listing strategy a host takes: known from its name, or as the operator says."""

import enum
from collections.abc import Mapping

import attrs

from cip_async.reference import Host


class Strategy(enum.Enum):
    """How repositories of a host are listed."""

    OCI = "oci"
    """`tags/list` page by page, then a HEAD for each tag or digest of interest."""
    GOOGLE = "google"
    """Google's extended `tags/list`: everything in one request."""


@attrs.frozen
class Strategies:
    """The strategy of each host; `chosen` overrides what its name says."""

    chosen: Mapping[Host, Strategy] = attrs.field(factory=dict)

    def of(self, host: Host) -> Strategy:
        """The strategy for `host`: `google` for Container Registry's and Artifact Registry's names, else `oci`."""
        return self.chosen.get(host) or (Strategy.GOOGLE if is_google(host) else Strategy.OCI)


def is_google(host: Host) -> bool:
    """Whether `host` is one of Google's registries, by its name.

    Names: https://cloud.google.com/artifact-registry/docs/docker/names and `…/docs/transition/gcr-repositories`.
    """
    name = host.partition(":")[0]
    return name == "gcr.io" or name.endswith((".gcr.io", "-docker.pkg.dev"))
