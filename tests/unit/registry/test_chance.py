"""Whether refusals follow from the rate at all."""

from msgspec.structs import replace

from cip_async.registry.chance import Chance, Share, Spell, begun, considered


def spell(rate: float, granted_per_s: float, *, answers: int = 10, refusals: int = 1) -> Spell:
    return Spell(rate=rate, asked_per_s=rate, granted_per_s=granted_per_s, share=Share(answers, refusals))


def course(*spells: Spell) -> Chance:
    """What is known after a first burst at 400 a second, and after these spells."""
    chance = begun(400.0)
    for each in spells:
        chance = considered(chance, each)
    return chance


PROVEN = spell(100.0, 60.0)
SLOWER = (spell(36.0, 30.0), spell(30.0, 25.0), spell(20.0, 18.0))
BY_CHANCE = course(PROVEN, *SLOWER)


def test_a_tenth_that_is_refused_at_half_the_rate_too_and_below_is_chance() -> None:
    assert BY_CHANCE.usual == 0.1
    assert (BY_CHANCE.proven_per_s, BY_CHANCE.asked_per_s) == (60.0, 400.0)


def test_a_spell_or_two_may_be_a_bucket_that_was_full_or_a_quota_that_was_lowered() -> None:
    assert not course(PROVEN, *SLOWER[:2]).explains


def test_what_was_granted_before_the_first_burst_proves_nothing() -> None:
    assert not course(*SLOWER).explains


def test_refusals_near_what_was_granted_are_those_of_a_quota() -> None:
    assert not course(PROVEN, *[spell(37.0, 30.0)] * 20).explains


def test_seldom_refusals_are_those_of_a_quota() -> None:
    assert not course(PROVEN, *[spell(20.0, 18.0, answers=201)] * 20).explains


def test_where_most_is_refused_it_is_never_chance() -> None:
    assert not course(PROVEN, *[spell(20.0, 5.0, answers=3, refusals=2)] * 20).explains


def test_a_rate_falls_below_a_quarter_of_what_was_granted_only_where_most_is_refused() -> None:
    assert course(PROVEN, *SLOWER[:2]).least_per_s == 15.0
    assert course(PROVEN, *[spell(20.0, 5.0, answers=30, refusals=20)] * 2).least_per_s == 0.0


def test_chance_goes_on_as_long_as_no_more_is_refused() -> None:
    chance = BY_CHANCE
    for _ in range(1000):
        chance = considered(chance, spell(400.0, 100.0, answers=8))
        assert chance.explains


def test_after_many_refusals_a_lower_rate_is_tried_for_one_spell() -> None:
    chance, tries = BY_CHANCE, list[bool]()
    for _ in range(3 * 65):
        chance = considered(chance, spell(300.0, 100.0))
        tries.append(chance.is_tried)
    assert [number for number, is_tried in enumerate(tries) if is_tried] == [63, 128, 193]
    assert chance.asked_per_s == 300.0


def test_chance_is_over_where_a_lower_rate_is_refused_far_less() -> None:
    tried = replace(BY_CHANCE, is_tried=True)
    assert considered(tried, spell(50.0, 45.0)) == BY_CHANCE
    assert not considered(tried, spell(50.0, 45.0, answers=100)).explains


def test_more_than_chance_refuses_is_a_quota_after_all() -> None:
    faster = spell(400.0, 60.0, answers=10, refusals=4)
    chance = BY_CHANCE
    for _ in range(3):
        chance = considered(chance, faster)
        assert chance.explains
    assert not considered(chance, faster).explains


def test_chance_is_over_once_next_to_nothing_is_refused() -> None:
    over = considered(BY_CHANCE, spell(80.0, 78.0, answers=1000))
    assert over == Chance(proven_per_s=78.0, asked_per_s=80.0, since=Share(1000, 1))


def test_no_answers_are_no_refusals() -> None:
    assert Share().part == 0.0
    assert considered(BY_CHANCE, replace(PROVEN, share=Share())).usual == 0.0
