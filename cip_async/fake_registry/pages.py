"""Cut a listing into pages and link to the next one; pure.

OCI distribution specification v1.1, "Listing Tags": at most `n` names, those after `last`, and a `Link` to more.
"""

from collections.abc import Sequence
from urllib.parse import quote

from cip_async.fake_registry.refusal import refusal
from cip_async.fake_registry.visit import Visit


def asked_entries(visit: Visit) -> int | None:
    """The `n` of a request, or None.

    Raises:
        Refusal: it is no number.
    """
    text = visit.call.asked("n")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise refusal(400, "PAGINATION_NUMBER_INVALID", "n is not a number of entries", {"n": text})
    return int(text)


def page(visit: Visit, names: Sequence[str]) -> tuple[Sequence[str], dict[str, str]]:
    """The names of the page that is asked for, and the headers that lead on from it."""
    asked = asked_entries(visit)
    n = visit.rules.page_size if asked is None else min(asked, visit.rules.page_size)
    names = _after(names, visit.call.asked("last"))
    if len(names) <= n or n == 0:
        return names[:n], {}
    cut = names[:n]
    if not visit.rules.links:
        return cut, {}
    further = [(key, value) for key, value in visit.call.query if key not in ("n", "last")]
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in [*further, ("last", cut[-1]), ("n", str(n))])
    path = visit.call.target.partition("?")[0]
    return cut, {"Link": f'<{visit.located(f"{path}?{query}")}>; rel="next"'}


def _after(names: Sequence[str], last: str | None) -> Sequence[str]:
    if last is None:
        return names
    if last in names:
        return names[names.index(last) + 1 :]
    return [name for name in names if name > last]
