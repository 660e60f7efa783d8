"""What hosts can do: known from their names, or shown by answers to requests that were made anyway."""

from collections.abc import Callable, Mapping

from cip_async.errors import ContentUnknown
from cip_async.reference import Host, Repository


class Capabilities:
    """Learns what hosts can do; no request is ever made to find out. `is_google` knows Google's by their names."""

    def __init__(self, is_google: Callable[[Host], bool]) -> None:
        self._is_google = is_google
        self._shown: dict[Host, dict[str, bool]] = {}

    def told(self, several_tags: Mapping[Host, bool]) -> Mapping[Host, Mapping[str, bool]]:
        """What hosts have shown that they can do, and what not; `several_tags` in one PUT was learnt elsewhere."""
        known = {host: dict(shown) for host, shown in self._shown.items()}
        for host, can in several_tags.items():
            known.setdefault(host, {})["several-tags"] = can
        return known

    def mounts_across(self, origin: Host, host: Host) -> bool:
        """Whether `host` might mount blobs of `origin`: Google's hosts do, if the two are in one location.

        Others know nothing of that, and some refuse it: https://github.com/google/go-containerregistry/issues/1393
        """
        return self._is_google(origin) and self._is_google(host)

    def validates(self, host: Host) -> bool:
        """Whether `host` refuses a document of which something is missing; Google's do, others when they have done so.

        Google's: https://github.com/cloudfoundry/korifi/issues/2381
        """
        return self._is_google(host) or self._shown.get(host, {}).get("refuses-unknown-content", False)

    def mounted(self, origin: Repository, destination: Repository) -> None:
        """A host mounted a blob."""
        self._shows(destination.host, _mounts(origin, destination), can=True)

    def refused_mount(self, origin: Repository, destination: Repository) -> None:
        """A host did not mount a blob, as one may also do that mounts others."""
        kind = _mounts(origin, destination)
        if not self._shown.get(destination.host, {}).get(kind):
            self._shows(destination.host, kind, can=False)

    def refused_document(self, error: ContentUnknown) -> None:
        """A host refused a document, and said why."""
        if error.code.endswith("BLOB_UNKNOWN"):
            self._shows(Host(error.host), "refuses-unknown-content", can=True)

    def _shows(self, host: Host, what: str, *, can: bool) -> None:
        self._shown.setdefault(host, {})[what] = can


def _mounts(origin: Repository, destination: Repository) -> str:
    return "mounts" if origin.host == destination.host else "mounts-from-other-hosts"
