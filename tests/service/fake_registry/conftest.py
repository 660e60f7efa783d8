"""A plain HTTP client: what the fake registry does is told by its answers, not by our own client's."""

from collections.abc import AsyncIterator

import aiohttp
import pytest


@pytest.fixture
async def http(anyio_backend: object) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that follows no redirects and quotes nothing by itself."""
    async with aiohttp.ClientSession(requote_redirect_url=False) as session:
        yield session
