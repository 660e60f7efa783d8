"""What goes wrong, how often, and to which requests."""

import itertools

import pytest

from cip_async.fake_registry.calls import CallClass, parse_call
from cip_async.fake_registry.faults import Dice, FaultKind, Faults

DIGEST = "sha256:" + "0" * 64
TAGS = parse_call("GET", "/v2/a/tags/list")
OTHER_TAGS = parse_call("GET", "/v2/b/tags/list")
PUT = parse_call("PUT", "/v2/a/manifests/v1")


def test_without_faults_all_goes_well() -> None:
    assert Faults().strike(TAGS) is None


def test_a_fault_strikes_so_many_times() -> None:
    faults = Faults()
    fault = faults.add("500", times=2)
    assert [faults.strike(TAGS) is not None for _ in range(4)] == [True, True, False, False]
    assert fault.hits == 2


def test_a_fault_may_let_some_requests_pass_first() -> None:
    faults = Faults()
    faults.add("500", skipping=2, times=1)
    assert [faults.strike(TAGS) is not None for _ in range(4)] == [False, False, True, False]


def test_a_fault_strikes_only_the_requests_it_is_for() -> None:
    faults = Faults()
    faults.add("500", on=[CallClass.TAGS], repository="a")
    assert [faults.strike(call) is not None for call in (PUT, OTHER_TAGS, TAGS)] == [False, False, True]


def test_a_fault_may_be_about_one_digest_or_tag() -> None:
    faults = Faults()
    faults.add("500", subject="v1")
    other = parse_call("PUT", "/v2/a/manifests/v2")
    assert [faults.strike(call) is not None for call in (other, TAGS, PUT)] == [False, False, True]


def test_requests_of_others_do_not_use_up_what_it_lets_pass() -> None:
    faults = Faults()
    faults.add("500", on=["tags"], skipping=1)
    assert [faults.strike(call) is not None for call in (PUT, PUT, TAGS, TAGS)] == [False, False, False, True]


def test_the_first_fault_that_strikes_is_the_only_one() -> None:
    faults = Faults()
    first, second = faults.add("500", times=1), faults.add("429")
    assert [faults.strike(TAGS), faults.strike(TAGS)] == [first, second]
    assert (first.hits, second.hits) == (1, 1)


def test_faults_can_be_cleared() -> None:
    faults = Faults()
    faults.add("500")
    faults.clear()
    assert faults.strike(TAGS) is None


def struck(seed: int, probability: float, calls: int) -> list[int]:
    faults = Faults(Dice(seed))
    faults.add("500", probability=probability)
    return [
        number for number in range(calls) if faults.strike(parse_call("GET", f"/v2/a/manifests/t{number}")) is not None
    ]


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_a_fault_strikes_about_as_often_as_its_probability(probability: float) -> None:
    assert len(struck(1, probability, 2000)) == pytest.approx(2000 * probability, rel=0.1)


def test_the_same_seed_strikes_the_same_requests() -> None:
    assert struck(7, 0.3, 100) == struck(7, 0.3, 100)
    assert struck(7, 0.3, 100) != struck(8, 0.3, 100)


def test_what_strikes_does_not_depend_on_the_order_of_the_requests() -> None:
    calls = [parse_call("GET", f"/v2/a/manifests/t{number}") for number in range(50)]
    results = []
    for ordered in (calls, calls[::-1]):
        faults = Faults()
        faults.add("500", probability=0.5)
        results.append({call.reference for call in ordered if faults.strike(call)})
    assert results[0] == results[1]


def test_a_request_that_was_struck_may_be_granted_when_it_is_made_again() -> None:
    faults = Faults()
    faults.add("500", probability=0.5)
    outcomes = [faults.strike(TAGS) is not None for _ in range(20)]
    assert set(outcomes) == {True, False}


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_can_strike_something(kind: FaultKind) -> None:
    faults = Faults()
    fault = faults.add(kind)
    targets = [
        ("GET", "/v2/a/tags/list"),
        ("GET", f"/v2/a/blobs/{DIGEST}"),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}"),
        ("PUT", "/v2/a/blobs/uploads/u1"),
        ("PUT", "/v2/a/manifests/v1"),
    ]
    for method, target in targets:
        faults.strike(parse_call(method, target))
    assert fault.hits > 0


@pytest.mark.parametrize(
    ("kind", "on"),
    [("mount-refused", ["tags"]), ("no-link", ["blob-get"]), ("wrong-bytes", ["tag-put"]), ("429", [])],
)
def test_a_fault_that_could_never_strike_is_refused(kind: str, on: list[str]) -> None:
    with pytest.raises(ValueError, match=f"{kind} strikes "):
        Faults().add(kind, on=on)


@pytest.mark.parametrize(("kind", "on"), [("nonsense", None), ("500", ["nonsense"])])
def test_what_is_not_known_is_refused(kind: str, on: list[str] | None) -> None:
    with pytest.raises(ValueError, match="'nonsense' is none of "):
        Faults().add(kind, on=on)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="is not a probability"):
        Faults().add("500", probability=probability)


def test_dice_show_numbers_below_one() -> None:
    dice = Dice()
    rolled = [dice.roll("500", call) for call in itertools.chain.from_iterable([(TAGS, PUT)] * 100)]
    assert 0 <= min(rolled) < 0.1
    assert 0.9 < max(rolled) < 1
