"""What went wrong on the wire, in our own words, and whether it may be over the next time; pure.

aiohttp's words are not repeated: they hold URLs with their queries, and headers.
"""

import socket
import ssl
from http import HTTPStatus
from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from cip_async.registry.addresses import PrivateAddress
from cip_async.settings import GARBLED_TRIES, UNKNOWN_NAME_TRIES

BREAKAGES: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises where an exchange fails."""
_BROKEN_OFF: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""Handshakes that ended early, as busy load balancers let them; no other failure of a handshake passes."""
_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""What a name server says for certain; `EAI_AGAIN` is that none could be asked."""
_RULES_OF_HTTP: Final = {
    "Bad status line": "it does not begin as an answer of HTTP does; is a registry there?",
    "Invalid status": "it does not begin as an answer of HTTP does; is a registry there?",
    "Got more than": "a line of its headers is too long",
    "Invalid header": "a header is malformed",
    "Invalid character in Content-Length": "its Content-Length is no number",
    "Duplicate Content-Length": "it has two lengths",
    "Transfer-Encoding can't": "it has two lengths",
    "Invalid character in chunk": "its chunks are malformed",
}
"""How aiohttp's words about an answer begin, and ours. What its words go on with is the answer itself."""


def may_pass(error: Exception) -> bool:
    """Whether another try may succeed: a wrong certificate, proxy, URL or address stays what it is."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return isinstance(error.os_error, _BROKEN_OFF)
    return not isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL) and not _is_refused_address(error)


def most_tries(error: Exception) -> int | None:
    """How often the same is tried in all; None where it may work as soon as the host or the way there is well again.

    Whoever speaks no HTTP learns it as little as a name comes into being.
    """
    if _is_unknown_name(error):
        return UNKNOWN_NAME_TRIES
    return GARBLED_TRIES if _is_no_http(error) else None


def why_it_stalled(response: aiohttp.ClientResponse, error: Exception) -> Exception:
    """What stopped a body: where a later part of it is no HTTP, aiohttp stops reading and leaves its reader waiting."""
    connection = response.connection
    broken = None if connection is None or connection.protocol is None else connection.protocol.exception()
    if not isinstance(error, TimeoutError) or not isinstance(broken, HttpProcessingError):
        return error
    return aiohttp.ClientResponseError(response.request_info, (), status=broken.code, message=broken.message)


def told(error: Exception) -> str:
    """What went wrong, for an operator."""
    if isinstance(error, TimeoutError):
        return "no connection in time" if isinstance(error, aiohttp.ConnectionTimeoutError) else "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the certificate cannot be verified; --ca-cert names further authorities"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused: status {error.status}"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the answer breaks the rules of HTTP{_broken_rule(error)}"
    if isinstance(error, aiohttp.ClientConnectorDNSError) and _is_unknown_name(error):
        return f"there is no host of the name {error.host}; check how it is spelt, and the name servers of this machine"
    if isinstance(error, aiohttp.ClientConnectorDNSError) and _is_refused_address(error):
        return (
            f"the name {error.host} leads to a private address, where no public registry may send us, and was refused"
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.strerror or type(error.os_error).__name__}"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the connection was closed before the answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was closed within the answer"
    return f"the connection failed ({type(error).__name__})"


def _is_unknown_name(error: Exception) -> bool:
    if not isinstance(error, aiohttp.ClientConnectorDNSError):
        return False
    return isinstance(error.os_error, socket.gaierror) and error.os_error.errno in _NO_SUCH_NAME


def _is_refused_address(error: Exception) -> bool:
    return isinstance(error, aiohttp.ClientConnectorDNSError) and isinstance(error.os_error, PrivateAddress)


def _is_no_http(error: Exception) -> bool:
    return isinstance(error, aiohttp.ClientResponseError) and not isinstance(error, aiohttp.ClientHttpProxyError)


def _broken_rule(error: aiohttp.ClientResponseError) -> str:
    for beginning, rule in _RULES_OF_HTTP.items():
        if error.message.startswith(beginning):
            return f": {rule}"
    return ""
