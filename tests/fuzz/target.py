"""What is fuzzed: one place where bytes enter, with valid bytes to damage and the words of its grammar."""

from collections.abc import Callable

import attrs


@attrs.frozen(kw_only=True)
class Target:
    """`feed` takes any bytes and returns; it raises, or fails an assertion, only where it found a defect.

    `weight` is its share of all inputs: less for what takes long.
    """

    name: str
    feed: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    weight: int = 10
