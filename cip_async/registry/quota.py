"""The request rates that hosts are known to grant, where nobody set others.

Only Google documents quotas of reads and writes that go by a host's name. Amazon's ECR has one for each action of its
own API, Azure's differ by tier and are called estimates, Docker Hub counts GETs of manifests over six hours: those are
found by asking.
"""

from collections.abc import Callable

from cip_async.reference import Host
from cip_async.registry.endpoints import Endpoints, is_loopback
from cip_async.registry.listing.artifact_repository import API_HOST
from cip_async.registry.listing.strategy import is_google
from cip_async.settings import ARTIFACT_REGISTRY_RATE, Rate


def usual_rate(endpoints: Endpoints) -> Callable[[Host], Rate]:
    """What a host grants by its name: Google's registries a known rate, others none that is known.

    Container Registry's names are served by Artifact Registry (https://cloud.google.com/artifact-registry/docs/gcr),
    whose API grants as much. A host whose endpoint is this machine is not what its name says.
    """

    def rate(host: Host) -> Rate:
        served_here = is_loopback(endpoints.origin(host).raw_authority)
        is_known = is_google(host) or host == API_HOST
        return ARTIFACT_REGISTRY_RATE if is_known and not served_here else Rate()

    return rate
