"""Which server-supplied URLs may be followed, and with which credentials; pure.

Registries name URLs in redirects, upload Locations, pagination Links and token realms. Each was used to steal
credentials or to reach inner networks (among others GHSA-vh4v-2xq2-g5cg, GHSA-jxpm-75mh-9fp7, GHSA-28r5-37g7-p6mp;
github.com/google/go-containerregistry issues 2193 and 2332). An origin is scheme, host and port.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import unquote

from yarl import URL

from cip_async.registry.wire import without_controls

_REALM_HOSTS: Final = {"registry-1.docker.io": frozenset({"auth.docker.io"})}
"""Registries whose token service has another registrable domain, or is named here to be exact."""

_TWO_PART_SUFFIXES: Final = frozenset({"co", "com", "net", "org", "gov", "ac", "edu", "or", "ne", "go"})


_HOST_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,126}\.?|[0-9a-f]*:[0-9a-f:.]+", re.ASCII)


def supplied(base: URL, text: str) -> URL:
    """A URL in a server's answer to `base`, absolute or relative: as it stands, without its fragment.

    Raises:
        ValueError: it is no URL that can be asked.
    """
    if not text.isascii() or not text.isprintable() or " " in text or not text.partition("#")[0]:
        raise ValueError("not a URL")
    try:
        given = URL(text.partition("#")[0], encoded=True)
        url = base.join(given)
    except IndexError as error:  # yarl has it for brackets that hold nothing
        raise ValueError("not a URL") from error
    host = given.raw_host if given.scheme else url.raw_host
    if host is None or not _HOST_NAME.fullmatch(host.lower()):
        raise ValueError("not the URL of a host")
    return url if host == host.lower() else url.with_host(host.lower())


def same_origin(one: URL, other: URL) -> bool:
    """Whether credentials for one URL may be sent to the other: same scheme, host and port."""
    return (one.scheme, one.raw_host, one.port) == (other.scheme, other.raw_host, other.port)


def private_address(host: str) -> bool:
    """Whether `host` is written as, or known to be, an address that the public internet does not route."""
    host = host.removesuffix(".")
    if host == "localhost" or host.endswith((".localhost", ".internal", ".local")):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return not address.is_global


def is_stranger(registry: URL, url: URL) -> bool:
    """Whether `url`, which a public registry gave, leads to somebody else, whose name may resolve to no inner address.

    A name within the registry's own domain is no stranger: registries of private networks have public names, and
    their storage lives beside them.
    """
    host, registry_host = url.raw_host or "", registry.raw_host or ""
    return not private_address(registry_host) and registrable_domain(host) != registrable_domain(registry_host)


def objection_to_redirect(request: URL, target: URL) -> str | None:
    """Why a redirect of a read may not be followed, or None. Credentials travel only within one origin."""
    return _objection_to_other_origin(request, target)


def objection_to_location(request: URL, target: URL) -> str | None:
    """Why an upload may not go to `target`, or None. Within one origin it goes with credentials, else without.

    There it must also stay in its repository: what is written elsewhere was not asked for, and might be a source.
    `request` is what opened the upload.
    """
    objection = _objection_to_other_origin(request, target)
    if objection is not None or not same_origin(request, target):
        return objection
    blobs = f"{request.raw_path.partition('/blobs/uploads/')[0]}/blobs/"
    climbs = ".." in unquote(target.raw_path).split("/")
    if climbs or (target.raw_path.startswith("/v2/") and not target.raw_path.startswith(blobs)):
        return f"it is in another repository ({shown(target)})"
    return None


def objection_to_link(request: URL, target: URL) -> str | None:
    """Why a pagination link may not be followed, or None: it must stay at its origin and at its path."""
    if not same_origin(request, target):
        return f"the next page is on another origin ({shown(target)})"
    if target.raw_path != request.raw_path:
        return f"the next page is of another path ({shown(target)})"
    return None


def objection_to_realm(registry: URL, realm: URL, trusted: frozenset[str] = frozenset()) -> str | None:
    """Why a token service may not be asked, or None.

    It may be at the registry's own origin, or, over https, at the same registrable domain or a host that
    is known or `trusted` to serve that registry.
    """
    if realm.user is not None or realm.password is not None:
        return "the token realm carries a user name"
    if same_origin(registry, realm):
        return None
    host, registry_host = realm.raw_host or "", registry.raw_host or ""
    if realm.scheme != "https":
        return f"the token realm is not https ({shown(realm)})"
    if host in trusted or host in _REALM_HOSTS.get(registry_host, ()):
        return None
    if private_address(host) and host != registry_host:
        return f"the token realm is a private address ({shown(realm)})"
    if registrable_domain(host) != registrable_domain(registry_host):
        return f"the token realm belongs to another domain ({shown(realm)})"
    return None


def registrable_domain(host: str) -> str:
    """The part of a host name that one owner registered, by a rule of thumb; an address is its own.

    Two labels, or three below a country's second-level suffix such as `co.uk`. The rule errs towards
    refusing: two hosts of one owner below an unusual suffix may count as strangers.
    """
    if private_address(host) or ":" in host or host.replace(".", "").isdigit():
        return host
    labels = host.split(".")
    below_suffix = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _TWO_PART_SUFFIXES
    return ".".join(labels[-3:] if below_suffix else labels[-2:])


def shown(url: URL) -> str:
    """A URL for messages: origin and path, never user, query or fragment, since those may be secrets."""
    return without_controls(f"{url.scheme}://{url.raw_authority.rpartition('@')[2]}{url.raw_path}")


def _objection_to_other_origin(request: URL, target: URL) -> str | None:
    if target.scheme not in ("http", "https") or not target.raw_host:
        return f"not an http URL ({shown(target)})"
    if target.user is not None or target.password is not None:
        return f"the URL carries a user name ({shown(target)})"
    if same_origin(request, target):
        return None
    registry_is_private = private_address(request.raw_host or "")
    if target.scheme != "https" and not (registry_is_private and request.scheme == "http"):
        return f"not https ({shown(target)})"
    if private_address(target.raw_host) and not registry_is_private:
        return f"a private address, while the registry is public ({shown(target)})"
    return None
