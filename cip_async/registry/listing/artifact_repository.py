"""Artifact Registry's repositories, each of which holds many image names, as its API names them; pure.

What it calls a repository is `LOCATION-docker.pkg.dev/PROJECT/REPO`; our repositories are the image names in it
(https://cloud.google.com/artifact-registry/docs/docker/names). A project of a domain is `example.com/project` in a path
and `example.com:project` for the API.
"""

from typing import Final, Self

import attrs

from cip_async.reference import Host, Repository

API_HOST: Final = Host("artifactregistry.googleapis.com")
"""Where the API is; a host of its own, with an endpoint and a quota of its own."""

_SUFFIX: Final = "-docker.pkg.dev"


@attrs.frozen(order=True)
class ArtifactRepository:
    """One of Artifact Registry's repositories: the registry's host, and the path of project and name."""

    host: Host
    path: str

    @classmethod
    def of(cls, repository: Repository) -> Self | None:
        """The one that `repository` is in; None where its name is not one of Artifact Registry's."""
        parts = repository.path.split("/")
        own = 3 if "." in parts[0] else 2
        if not is_artifact_registry(repository.host) or len(parts) <= own:
            return None
        return cls(repository.host, "/".join(parts[:own]))

    @property
    def resource(self) -> str:
        """Its name for the API: `projects/P/locations/L/repositories/R`."""
        *project, name = self.path.split("/")
        location = _name(self.host).removesuffix(_SUFFIX)
        return f"projects/{':'.join(project)}/locations/{location}/repositories/{name}"

    def path_within(self, uri: str) -> str | None:
        """The path of the repository that the API calls `uri`, unparsed; None where that is not in here."""
        host, _, path = uri.partition("/")
        first, colon, rest = path.partition(":")
        path = f"{first}/{rest}" if colon else path
        return path if host == _name(self.host) and path.startswith(f"{self.path}/") else None


def is_artifact_registry(host: Host) -> bool:
    """Whether `host` is one of Artifact Registry's own, by its name."""
    name = _name(host)
    return name.endswith(_SUFFIX) and name != _SUFFIX


def _name(host: Host) -> str:
    return host.partition(":")[0]
