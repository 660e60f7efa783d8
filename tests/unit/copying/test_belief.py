"""What is believed of a repository because of its listing."""

from cip_async.copying.belief import Belief
from cip_async.copying.graph import blob_key
from tests.unit.copying.samples import blob, digest, image, index

APP = image("app", "config", "layer")
MULTI = index("multi", "one", "two")


def keys(*names: str) -> list[tuple[str, int]]:
    return [blob_key(blob(name)) for name in names]


def test_of_a_document_that_is_not_listed_nothing_is_learnt() -> None:
    belief = Belief({digest("other")})
    assert list(belief.learn(APP)) == []
    assert not belief.has_all_of(APP)


def test_what_a_listed_document_refers_to_is_there() -> None:
    belief = Belief({digest("app")})
    assert list(belief.learn(APP)) == keys("config", "layer")
    assert belief.has_all_of(image("other", "layer", "config"))
    assert not belief.has_all_of(image("other", "layer", "another"))


def test_listed_children_are_there() -> None:
    assert Belief({digest("one"), digest("two")}).has_all_of(MULTI)
    assert not Belief({digest("one")}).has_all_of(MULTI)


def test_what_the_registry_misses_is_believed_no_more() -> None:
    belief = Belief({digest("app"), digest("one")})
    list(belief.learn(APP))
    belief.doubt([digest("layer"), digest("one")])
    assert belief.has_blob(blob_key(blob("config")))
    assert not belief.has_blob(blob_key(blob("layer")))
    assert not belief.has_document(digest("one"))
    assert list(belief.learn(APP)) == keys("config", "layer")
    assert not belief.has_blob(blob_key(blob("layer"))), "what was missed once is not believed in again"


def test_a_registry_that_does_not_say_what_it_misses_is_believed_nothing() -> None:
    belief = Belief({digest("app")})
    list(belief.learn(APP))
    belief.doubt([])
    assert not belief
    assert not belief.has_all_of(APP)
    assert not belief.has_document(digest("app"))
