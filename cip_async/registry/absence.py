"""Whether a 404 is a registry's word; pure.

Whatever stands before a registry answers 404 too: a load balancer without a backend, a proxy with another idea of the
path. To take that for absence would be to write a tag anew that exists, so a 404 counts only where a registry gave it:
its body is in the error format of the OCI distribution specification ("Error Codes"), or it has the header by which
registries have always told what they are (https://distribution.github.io/distribution/spec/api/, "API Version Check").
"""

from typing import Final

import msgspec

from cip_async.errors import RegistryError, Unavailable
from cip_async.registry.classify import failure
from cip_async.registry.exchange import Answer, Request
from cip_async.registry.wire import UNDECODABLE

NOT_A_REGISTRYS: Final = "status 404, and not from a registry: something that stands before it answers in its place"

_TELLING: Final = "Docker-Distribution-Api-Version"


class _Errors(msgspec.Struct):
    """An error body, however its errors look."""

    errors: list[object]


_decoder: Final = msgspec.json.Decoder(_Errors)


def has_telling_header(answer: Answer) -> bool:
    """Whether the headers alone say that a registry answered."""
    return _TELLING in answer.headers


def is_proven(answer: Answer) -> bool:
    """Whether a registry itself gave this 404."""
    if has_telling_header(answer):
        return True
    try:
        return bool(_decoder.decode(answer.body).errors)
    except UNDECODABLE:
        return False


def absence(request: Request, answer: Answer) -> RegistryError:
    """What this 404 is: `NotFound`, or `Unavailable` where no registry gave it."""
    if is_proven(answer):
        return failure(request.host, request.method, request.where, answer.status, answer.body, None)
    return Unavailable(request.host, f"{request.method} {request.where}", NOT_A_REGISTRYS, status=answer.status)
