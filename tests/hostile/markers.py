"""Secrets that can be found again: a marker for each place that a secret can be in, and what it would look like."""

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import quote


def marker(place: str) -> str:
    """The secret of a place. It is long enough for no accident, and changes when it is escaped for a URL."""
    return f"Mk+{place}/{place[::-1]}=Mk"


def leaks(text: str, secrets: Iterable[str]) -> list[str]:
    """Those secrets that `text` holds, as they are, percent-encoded, or anywhere within something in base64."""
    return sorted({secret for secret in secrets if any(form in text for form in forms(secret))})


def forms(secret: str) -> Iterator[str]:
    """What a secret may look like in a text."""
    yield secret
    yield quote(secret, safe="")
    yield quote(secret, safe="/")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret.encode()).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        yield whole
        yield whole.translate(str.maketrans("+/", "-_"))
