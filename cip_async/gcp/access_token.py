"""An OAuth 2 access token, and how long it is of use."""

import math
from typing import Final

import attrs

_LONGEST_MARGIN_S: Final = 225.0
"""The metadata server gives out a new token four minutes before the old one expires, and google-auth asks for one 15
seconds later (https://cloud.google.com/compute/docs/access/authenticate-workloads)."""


@attrs.frozen(kw_only=True)
class AccessToken:
    """A token of `account`, and when it expires, in seconds since 1970."""

    account: str
    value: str = attrs.field(repr=False)
    expires_at_s: float = math.inf

    def fresh_until_s(self, now_s: float) -> float:
        """Until when a token that came at `now_s` is used: shortly before it expires, whatever is left of it."""
        return self.expires_at_s - min(_LONGEST_MARGIN_S, max(0.0, self.expires_at_s - now_s) / 5)
