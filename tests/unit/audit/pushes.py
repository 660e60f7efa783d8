"""Push requests as Pub/Sub makes them, with what a test wants in them."""

import base64
import json
from typing import Any

from cip_async.audit.messages import Delivery, Malformed, delivery


def data_of(change: object) -> str:
    """What a message carries, as it is written in its envelope."""
    raw = change if isinstance(change, bytes) else json.dumps(change).encode()
    return base64.b64encode(raw).decode()


def push(change: object, *, message_id: str = "1", **message: Any) -> bytes:
    """The body of a push request; `change` is the registry's own JSON, or just its bytes."""
    return json.dumps(
        {
            "message": {"data": data_of(change), "messageId": message_id, **message},
            "subscription": "projects/my-project/subscriptions/cip-auditor",
        }
    ).encode()


def reason(read: Delivery) -> str:
    """Why a message is malformed."""
    assert isinstance(read.content, Malformed)
    return read.content.reason


def reason_for(change: object) -> str:
    """Why a registry's JSON is no event."""
    return reason(delivery(push(change)))
