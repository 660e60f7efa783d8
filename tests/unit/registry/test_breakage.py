"""Each failure on the wire: what is said of it, whether it may pass, and whether it cost a request."""

import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.registry.breakage import BREAKAGES, may_pass, told

SECRET = URL("https://storage.example/x?sig=secret")
INFO = RequestInfo(SECRET, "GET", CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer secret"})), SECRET)
KEY = ConnectionKey("storage.example", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)

CASES = [
    (aiohttp.ConnectionTimeoutError(f"to {SECRET}"), "no connection in time", True),
    (aiohttp.SocketTimeoutError("reading"), "no answer in time", True),
    (TimeoutError(), "no answer in time", True),
    (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused")), "no connection: refused", True),
    (aiohttp.ClientConnectorError(KEY, OSError("odd")), "no connection: OSError", True),
    (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "unknown name")), "no connection: unknown", True),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLEOFError(8, "EOF")), "no connection: EOF", True),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "wrong version")), "no connection: wrong", False),
    (
        aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed")),
        "the certificate cannot be verified; --ca-cert",
        False,
    ),
    (aiohttp.ClientHttpProxyError(INFO, (), status=407), "the proxy refused: status 407", False),
    (aiohttp.ClientHttpProxyError(INFO, (), status=429), "the proxy refused: status 429", True),
    (aiohttp.ClientHttpProxyError(INFO, (), status=503), "the proxy refused: status 503", True),
    (aiohttp.ClientResponseError(INFO, (), status=400), "the answer breaks the rules of HTTP", True),
    (aiohttp.ServerDisconnectedError(), "the connection was closed before the answer", True),
    (ConnectionResetError(104, "reset"), "the connection was closed before the answer", True),
    (aiohttp.ClientPayloadError("cut"), "the connection was closed within the answer", True),
    (aiohttp.ClientOSError(32, f"Can not write to {SECRET}"), "the connection failed (ClientOSError)", True),
    (aiohttp.InvalidURL(SECRET), "the connection failed (InvalidURL)", False),
]


@pytest.mark.parametrize(("error", "said", "passes"), CASES)
def test_a_failure_is_told_in_our_words(error: Exception, said: str, passes: bool) -> None:
    assert isinstance(error, BREAKAGES)
    assert told(error).startswith(said)
    assert "secret" not in told(error)
    assert may_pass(error) is passes
