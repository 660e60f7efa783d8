"""Whether refusals for quota follow from the rate of requests at all, or come by chance; pure.

Where other clients use a quota up, a part of all requests is refused however few they are. To lower a rate for each of
those is to lower it for ever, and to gain nothing by it. One refusal looks like another, but not what comes after it:

* A quota grants what it grants. From the end of one burst of refusals to the end of the next, pauses included, a host
  that was asked for more granted its quota. At half of that rate it refuses next to nothing.
* Chance goes on to refuse the same part at half the rate, and at a quarter.

So refusals are taken for chance once there were `_SPELLS` that ended at such a rate, and each refused no small part. A
bucket that began full, or a quota that was lowered, contradicts itself so for a spell or two. Refusals of most requests
are never taken for chance: there, less is asked whatever the reason. Otherwise no rate falls below a quarter of what
was granted before this is decided, or it would not be decided soon.

From then on a refusal leaves the rate as it is, and the rate grows again. It still pauses all requests, so between two
pauses a host refuses one burst and no more, however fast it is asked. As soon as a much larger part is refused than by
chance, refusals follow from the rate after all. So they do if far fewer come at a lower rate, which is tried for a
spell after every `_TRUSTED` of them: others may have stopped.
"""

from typing import Final

import msgspec
from msgspec.structs import replace

_SPELLS: Final = 3
_SLOWER: Final = 0.6
"""Below this part of what was granted, a quota cannot have been used up."""
_RARE: Final = 0.005
"""A smaller part of refusals than this is what it costs to know a quota."""
_MOST: Final = 0.5
"""Where more is refused than granted, the quota is far lower, or as good as none."""
_MORE: Final = 3.0
"""So many times the part that chance refuses is more than chance."""
_ENOUGH_MORE: Final = 16
"""How many refusals it takes to say so: so many seldom come thrice as fast as they usually do."""
_TRUSTED: Final = 64
"""After so many refusals the rate is lowered for one spell, to see whether others still use the quota up."""
_FEWER: Final = 1 / 6
"""They do not, where less than this part of the usual is refused then; by chance that is so once in 400 times."""
_LEAST: Final = 0.25
"""No rate is lowered below this part of what was granted before it is known whether that helps."""


class Share(msgspec.Struct, frozen=True):
    """How many of the requests that were answered were refused."""

    answered: int = 0
    refused: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.answered + other.answered, self.refused + other.refused)

    @property
    def part(self) -> float:
        """From 0 to 1."""
        return self.refused / self.answered if self.answered else 0.0


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """From the end of one burst of refusals to the end of the next.

    `rate` is how many requests a second were started before that burst, where `asked_per_s` might have been, and
    `granted_per_s` how many were granted, pauses included.
    """

    rate: float
    asked_per_s: float
    granted_per_s: float
    share: Share


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of it. `usual` is the part of all requests that is refused by chance, 0 if none seems to be.

    `proven_per_s` is the most that was granted a second, and `asked_per_s` the fastest rate that was refused by then.
    `since` counts the answers from then on, and `spells` those at a rate that should have been granted. Once `usual` is
    known, `lately` counts the answers that may disprove it, and `explained` the refusals that were put down to it; with
    `is_tried` the rate is to be lowered for a spell. `asked_per_s` is then the rate to come back to.
    """

    proven_per_s: float = 0.0
    asked_per_s: float = 0.0
    since: Share = Share()
    spells: int = 0
    usual: float = 0.0
    lately: Share = Share()
    explained: int = 0
    is_tried: bool = False

    @property
    def explains(self) -> bool:
        """Whether refusals say nothing of the rate."""
        return self.usual > 0

    @property
    def least_per_s(self) -> float:
        """What a rate may be lowered to."""
        return 0.0 if self.since.part > _MOST else self.proven_per_s * _LEAST


def begun(rate: float) -> Chance:
    """What the first burst teaches: a host may have saved up what it granted before, so that proves nothing."""
    return Chance(asked_per_s=rate)


def considered(chance: Chance, spell: Spell) -> Chance:
    """What is known once a spell has ended."""
    if spell.share.part < _RARE:
        return _proven(spell, spell.asked_per_s)
    if chance.explains:
        return _still(chance, spell)
    if spell.granted_per_s >= chance.proven_per_s:
        return _proven(spell, max(spell.asked_per_s, chance.asked_per_s))
    since = chance.since + spell.share
    if spell.rate > chance.proven_per_s * _SLOWER:
        return replace(chance, since=since)
    spells = chance.spells + 1
    is_chance = spells >= _SPELLS and since.part <= _MOST
    return replace(chance, since=since, spells=spells, usual=since.part if is_chance else 0.0)


def _proven(spell: Spell, asked_per_s: float) -> Chance:
    return Chance(proven_per_s=spell.granted_per_s, asked_per_s=asked_per_s, since=spell.share)


def _still(chance: Chance, spell: Spell) -> Chance:
    if chance.is_tried:
        fewer = spell.share.part < chance.usual * _FEWER
        return _proven(spell, spell.asked_per_s) if fewer else replace(chance, is_tried=False)
    lately, explained = chance.lately + spell.share, chance.explained + spell.share.refused
    if lately.refused >= _ENOUGH_MORE:
        if lately.part > min(_MORE * chance.usual, _MOST):
            return _proven(spell, spell.asked_per_s)
        since = chance.since + lately
        chance, lately = replace(chance, since=since, usual=since.part), Share()
    if explained >= _TRUSTED:
        return replace(chance, asked_per_s=spell.asked_per_s, lately=Share(), explained=0, is_tried=True)
    return replace(chance, lately=lately, explained=explained)
