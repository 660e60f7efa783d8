"""The graph of a repository's content: each piece once, and a way to every flaw from whatever needs it."""

import attrs

from cip_async.model.damage import Flaw, Piece, PieceKind
from cip_async.model.image import ImageDocument
from cip_async.verification.contents import Contents, pieces_of
from tests.unit.copying.samples import EU, SOURCE, blob, digest, image, index

TREE = (
    index("fat", "amd64", "arm64"),
    image("amd64", "base", "one"),
    image("arm64", "base", "two"),
    image("thin", "base"),
)


def document(name: str) -> Piece:
    return Piece(kind=PieceKind.MANIFEST, digest=digest(name))


def layer(name: str, size_bytes: int = 10) -> Piece:
    return Piece(kind=PieceKind.BLOB, digest=digest(name), size_bytes=size_bytes)


def walked(*roots: str, tree: tuple[ImageDocument, ...] = TREE) -> tuple[Contents, list[Piece]]:
    """Everything below `roots`, and the pieces in the order in which they were met."""
    contents = Contents(EU, tuple(map(digest, roots)))
    known = {each.digest: each for each in tree}
    met = queue = contents.begin()
    while queue:
        queue = [
            new
            for piece in queue
            if piece.kind is PieceKind.MANIFEST
            for new in contents.refers(piece, known[piece.digest])
        ]
        met += queue
    return contents, met


def test_each_piece_is_met_once() -> None:
    _, met = walked("fat", "thin", "amd64")
    expected = {*map(document, ("fat", "thin", "amd64", "arm64")), *map(layer, ("base", "one", "two"))}
    assert set(met) == expected
    assert len(met) == len(expected)


def test_where_documents_disagree_about_a_size_there_are_two_pieces() -> None:
    other = attrs.evolve(blob("base"), size_bytes=11)
    tree = (image("one", "base"), attrs.evolve(image("two"), blobs=(other,)))
    _, met = walked("one", "two", tree=tree)
    assert {layer("base"), layer("base", 11)} <= set(met)


def test_without_a_flaw_there_is_no_damage() -> None:
    assert walked("fat")[0].damages() == []


def test_a_flaw_has_a_way_from_each_wanted_digest_that_needs_it() -> None:
    contents, _ = walked("fat", "thin", "amd64")
    contents.flawed(layer("one"), Flaw.CONTENT_MISSING, "is missing")
    [damage] = contents.damages()
    assert (damage.repository, damage.piece, damage.flaw, damage.reason) == (
        EU,
        layer("one"),
        Flaw.CONTENT_MISSING,
        "is missing",
    )
    assert set(damage.paths) == {
        (digest("fat"), digest("amd64"), digest("one")),
        (digest("amd64"), digest("one")),
    }


def test_a_wanted_digest_that_is_gone_is_its_own_way() -> None:
    contents = Contents(EU, (digest("thin"),))
    contents.begin()
    contents.flawed(document("thin"), Flaw.CONTENT_MISSING, "is missing")
    assert [damage.paths for damage in contents.damages()] == [((digest("thin"),),)]


def test_where_else_a_piece_is_goes_with_the_damage() -> None:
    contents, _ = walked("fat")
    for name in ("one", "two"):
        contents.flawed(layer(name), Flaw.CONTENT_MISSING, "is missing")
    contents.to_be_had(layer("one"), SOURCE)
    contents.to_be_had(layer("two"), None, "nobody has it")
    found = {damage.piece: (damage.origin, damage.hopeless) for damage in contents.damages()}
    assert found == {layer("one"): (SOURCE, ""), layer("two"): (None, "nobody has it")}


def test_an_index_needs_its_children_and_what_it_names_that_is_no_document() -> None:
    mixed = attrs.evolve(index("cache", "amd64"), blobs=(blob("layer"),))
    assert pieces_of(mixed) == (document("amd64"), layer("layer"))
