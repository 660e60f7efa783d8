"""Each failure on the wire: what is said of it, whether it may pass, and whether it cost a request."""

import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from cip_async.registry.addresses import PrivateAddress
from cip_async.registry.breakage import BREAKAGES, may_pass, most_tries, told
from cip_async.settings import GARBLED_TRIES, UNKNOWN_NAME_TRIES

SECRET = URL("https://storage.example/x?sig=secret")
INFO = RequestInfo(SECRET, "GET", CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer secret"})), SECRET)
KEY = ConnectionKey("storage.example", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)

CASES = [
    (aiohttp.ConnectionTimeoutError(f"to {SECRET}"), "no connection in time", True),
    (aiohttp.SocketTimeoutError("reading"), "no answer in time", True),
    (TimeoutError(), "no answer in time", True),
    (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused")), "no connection: refused", True),
    (aiohttp.ClientConnectorError(KEY, OSError("odd")), "no connection: OSError", True),
    (
        aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_NONAME, "unknown name")),
        "there is no host of the name storage.example; check how it is spelt, and the name servers of this machine",
        True,
    ),
    (aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_AGAIN, "try")), "no connection: try", True),
    (
        aiohttp.ClientConnectorDNSError(KEY, PrivateAddress("10.0.0.1 it was")),
        "the name storage.example leads to a private address, where no public registry may send us, and was refused",
        False,
    ),
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


@pytest.mark.parametrize("number", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_does_not_exist_is_looked_for_a_few_times(number: int) -> None:
    assert most_tries(aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(number, "no"))) == UNKNOWN_NAME_TRIES


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_AGAIN, "no name server")),
        aiohttp.ClientConnectorDNSError(KEY, OSError("odd")),
        aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "refused")),
        aiohttp.ClientHttpProxyError(INFO, (), status=503),
        aiohttp.ClientPayloadError("cut"),
        TimeoutError(),
    ],
    ids=repr,
)
def test_what_may_get_well_is_tried_for_as_long_as_there_is_time(error: Exception) -> None:
    assert most_tries(error) is None


@pytest.mark.parametrize(
    ("said", "told_as"),
    [
        ("Bad status line:\n  Expected HTTP/:\n\n  b'secret'", "it does not begin as an answer of HTTP does"),
        ("Bad status line 'secret'", "it does not begin as an answer of HTTP does"),
        ("Invalid header token:\n\n  b'secret'", "a header is malformed"),
        ("Invalid HTTP header: b'secret'", ""),
        ("Got more than 8190 bytes when reading: b'secret'", "a line of its headers is too long"),
        ("Invalid character in Content-Length:\n\n  b'secret'", "its Content-Length is no number"),
        ("Duplicate Content-Length:\n\n  b'secret'", "it has two lengths"),
        ("Transfer-Encoding can't be present with Content-Length:\n", "it has two lengths"),
        ("Invalid character in chunk size:\n\n  b'secret'", "its chunks are malformed"),
        ("something new: secret", ""),
    ],
)
def test_of_an_answer_that_is_no_http_is_told_what_is_wrong_and_not_what_it_holds(said: str, told_as: str) -> None:
    error = aiohttp.ClientResponseError(INFO, (), status=400, message=said)
    assert most_tries(error) == GARBLED_TRIES
    sentence = told(error)
    assert sentence.startswith("the answer breaks the rules of HTTP" + (f": {told_as}" if told_as else ""))
    assert "secret" not in sentence
