"""Whatever goes in, a result or an explained error comes out: no other exception, and no input that takes for ever."""

import os
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz.damage import inputs
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS, share

INPUTS: Final = int(os.environ.get("CIP_FUZZ_INPUTS", "2000"))
SEED: Final = int(os.environ.get("CIP_FUZZ_SEED", "0"))


@pytest.mark.timeout(300 + INPUTS // 50)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_goes_in_a_result_or_an_explained_error_comes_out(
    target: Target, record_property: Callable[[str, object], None]
) -> None:
    wanted = share(target, INPUTS)
    fed = wrong = 0

    @seed(SEED)
    @settings(max_examples=wanted, database=None, suppress_health_check=list(HealthCheck))
    @given(inputs(target.seeds, target.words))
    def feed(content: bytes) -> None:
        nonlocal fed
        fed += 1
        target.feed(content)

    try:
        feed()
    except Exception as error:
        wrong = len(error.exceptions) if isinstance(error, ExceptionGroup) else 1
        raise
    finally:
        record_property("cases", fed)
        record_property("wrong", wrong)
    assert fed >= wanted


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_is_damaged_was_fed_whole_too(target: Target, record_property: Callable[[str, object], None]) -> None:
    record_property("cases", len(target.seeds))
    for content in target.seeds:
        target.feed(content)


def test_every_target_has_a_name_of_its_own_and_gets_inputs() -> None:
    assert len({target.name for target in TARGETS}) == len(TARGETS)
    for number in (1, 2_000, 200_000):
        assert sum(share(target, number) for target in TARGETS) >= number
