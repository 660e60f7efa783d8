"""What went wrong on the wire, in our own words, and whether it may be over the next time; pure.

aiohttp's words are not repeated: they hold URLs with their queries, and headers.
"""

import ssl
from http import HTTPStatus
from typing import Final

import aiohttp

BREAKAGES: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises where an exchange fails."""
_BROKEN_OFF: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""Handshakes that ended early, as busy load balancers let them; no other failure of a handshake passes."""


def may_pass(error: Exception) -> bool:
    """Whether another try may succeed: a wrong certificate, proxy or URL stays what it is."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return isinstance(error.os_error, _BROKEN_OFF)
    return not isinstance(error, aiohttp.ClientSSLError | aiohttp.InvalidURL)


def told(error: Exception) -> str:
    """What went wrong, for an operator."""
    if isinstance(error, TimeoutError):
        return "no connection in time" if isinstance(error, aiohttp.ConnectionTimeoutError) else "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the certificate cannot be verified; --ca-cert names further authorities"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused: status {error.status}"
    if isinstance(error, aiohttp.ClientResponseError):
        return "the answer breaks the rules of HTTP"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.strerror or type(error.os_error).__name__}"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the connection was closed before the answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was closed within the answer"
    return f"the connection failed ({type(error).__name__})"
