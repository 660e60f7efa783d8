"""A bounded memory of the messages that have their verdict; pure."""

import hashlib

from cip_async.audit.messages import Delivery


class Seen:
    """Remembers the last `most` messages that were added."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: dict[bytes, None] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: bytes) -> None:
        """Remember a message, and forget the oldest if there are too many."""
        self._keys[key] = None
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]


def identity(delivery: Delivery) -> bytes | None:
    """What two deliveries of one message have in common; None where it has no id.

    The content is part of it, so that nobody can have a message passed over by sending another with its id.
    """
    if not delivery.message_id:
        return None
    name = delivery.message_id.encode()
    return hashlib.blake2b(b"%d:%b%b" % (len(name), name, delivery.data), digest_size=16).digest()
