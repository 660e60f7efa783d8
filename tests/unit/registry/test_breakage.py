"""Each failure on the wire: what is said of it, whether it may pass, and whether it cost a request."""

import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.registry.breakage import BREAKAGES, may_pass, told, was_sent

SECRET = URL("https://storage.example/x?sig=secret")
INFO = RequestInfo(SECRET, "GET", CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer secret"})), SECRET)
KEY = ConnectionKey("storage.example", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)

CASES = [
    (aiohttp.ConnectionTimeoutError(f"to {SECRET}"), "no connection in time", True, False),
    (aiohttp.SocketTimeoutError("reading"), "no answer in time", True, True),
    (TimeoutError(), "no answer in time", True, True),
    (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused")), "no connection: refused", True, False),
    (aiohttp.ClientConnectorError(KEY, OSError("odd")), "no connection: OSError", True, False),
    (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(-2, "unknown name")), "no connection: unknown", True, False),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLEOFError(8, "EOF")), "no connection: EOF", True, False),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "wrong version")), "no connection: wrong", False, False),
    (
        aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed")),
        "the certificate cannot be verified; --ca-cert",
        False,
        False,
    ),
    (aiohttp.ClientHttpProxyError(INFO, (), status=407), "the proxy refused: status 407", False, False),
    (aiohttp.ClientHttpProxyError(INFO, (), status=429), "the proxy refused: status 429", True, False),
    (aiohttp.ClientHttpProxyError(INFO, (), status=503), "the proxy refused: status 503", True, False),
    (aiohttp.ClientResponseError(INFO, (), status=400), "the answer breaks the rules of HTTP", True, True),
    (aiohttp.ServerDisconnectedError(), "the connection was closed before the answer", True, True),
    (ConnectionResetError(104, "reset"), "the connection was closed before the answer", True, True),
    (aiohttp.ClientPayloadError("cut"), "the connection was closed within the answer", True, True),
    (aiohttp.ClientOSError(32, f"Can not write to {SECRET}"), "the connection failed (ClientOSError)", True, True),
    (aiohttp.InvalidURL(SECRET), "the connection failed (InvalidURL)", False, True),
]


@pytest.mark.parametrize(("error", "said", "passes", "sent"), CASES)
def test_a_failure_is_told_in_our_words(error: Exception, said: str, passes: bool, sent: bool) -> None:
    assert isinstance(error, BREAKAGES)
    assert told(error).startswith(said)
    assert "secret" not in told(error)
    assert (may_pass(error), was_sent(error)) == (passes, sent)
