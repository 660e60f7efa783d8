"""Single flight: what several tasks want at the same time is made once."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio
import attrs

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@attrs.define
class _Flight(Generic[V]):
    landed: anyio.Event = attrs.field(factory=anyio.Event)
    result: tuple[V] | None = None
    error: Exception | None = None


class Once(Generic[K, V]):
    """Tasks that ask for the same key while it is being made wait for the one that makes it.

    They share its result or its error. If it is cancelled, one of those who wait takes over. Nothing is
    remembered after that: whoever wants a memory keeps one.
    """

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[V]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """Return what `make` returns, or raise what it raises."""
        while (flight := self._flights.get(key)) is not None:
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.result is not None:
                return flight.result[0]
        flight = self._flights[key] = _Flight()
        try:
            value = await make()
            flight.result = (value,)
        except Exception as error:
            flight.error = error
            raise
        finally:
            del self._flights[key]
            flight.landed.set()
        return value
