"""Bytes to nodes: text stays as written, places are exact, and what has no use is refused."""

import pytest
import ruamel.yaml

from cip_async.manifests.nodes import Mapping, Refused, Scalar, Sequence
from cip_async.manifests.parse import parse
from cip_async.settings import Files


def problems(content: bytes, limits: Files | None = None) -> list[str]:
    return [str(problem) for problem in parse(content, "f", limits or Files())[1]]


@pytest.mark.parametrize(
    "text", ["1.10", "yes", "0x10", "1e3", "null", "2020-08-01", "1_000", "010", "~", ".inf", "NO"]
)
def test_a_scalar_is_the_text_that_was_written(text: str) -> None:
    assert parse(text.encode(), "f", Files()) == (Scalar(text, 1, 1, is_plain=True), ())


def test_a_quoted_scalar_is_told_from_a_plain_one() -> None:
    assert parse(b"'null'", "f", Files()) == (Scalar("null", 1, 1, is_plain=False), ())


def test_nodes_know_their_places() -> None:
    assert parse(b"a:\n- b\n-  c: {}\n", "f", Files()) == (
        Mapping(
            [
                Scalar("a", 1, 1, is_plain=True),
                Sequence(
                    [
                        Scalar("b", 2, 3, is_plain=True),
                        Mapping([Scalar("c", 3, 4, is_plain=True), Mapping([], 3, 7)], 3, 4),
                    ],
                    2,
                    1,
                ),
            ],
            1,
            1,
        ),
        (),
    )


def test_a_byte_order_mark_is_no_text_and_takes_no_column() -> None:
    assert parse(b"\xef\xbb\xbfa", "f", Files()) == (Scalar("a", 1, 1, is_plain=True), ())


def test_columns_count_characters_and_not_bytes() -> None:
    root, _ = parse("é: ü".encode(), "f", Files())
    assert root == Mapping([Scalar("é", 1, 1, is_plain=True), Scalar("ü", 1, 4, is_plain=True)], 1, 1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_as_on_any_system(end: bytes) -> None:
    root, _ = parse(end.join((b"- a", b"", b"- b")), "f", Files())
    assert root == Sequence([Scalar("a", 1, 3, is_plain=True), Scalar("b", 3, 3, is_plain=True)], 1, 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing but a comment\n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_document_and_no_problem(content: bytes) -> None:
    assert parse(content, "f", Files()) == (None, ())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: &x b\n", "f:1:4: anchors are not allowed: remove &x"),
        (b"- &x\n  a: b\n", "f:1:3: anchors are not allowed: remove &x"),
        (b"- &x [a]\n", "f:1:3: anchors are not allowed: remove &x"),
        (b"- a\n- *x\n", "f:2:3: aliases are not allowed: write out what *x stands for"),
        (b"a: !foo b\n", "f:1:4: tags of YAML are not allowed: remove !foo"),
        (b"a: !!str 1\n", "f:1:4: tags of YAML are not allowed: remove tag:yaml.org,2002:str"),
        (
            b"!!python/object:os.system [a]\n",
            "f:1:1: tags of YAML are not allowed: remove tag:yaml.org,2002:python/object:os.system",
        ),
        (b"a: 1\n<<: {b: 2}\n", "f:2:1: merge keys are not allowed: write the fields out"),
        (b"a\n---\nb\n", "f:2:1: a second document starts here: expected one in a file"),
        (
            b"a: [b\n",
            "f:2:1: is not YAML: did not find expected ',' or ']' while parsing a flow sequence that begins in line 1",
        ),
        (b"a: b: c\n", "f:1:5: is not YAML: mapping values are not allowed in this context"),
        (
            b"a: @b\n",
            "f:1:4: is not YAML: found character that cannot start any token while scanning for the next token",
        ),
        (b"a:\n\t- b\n", "f:2:1: is not YAML: a tab cannot stand here, indent with spaces"),
        (b"- {a: b:c}\n", "f:1:8: is not YAML: a colon cannot stand here, put the text in quotes"),
        (b"- \xc3\xa9\x00\n", "f:1:4: is not YAML: control characters are not allowed"),
        (b"- a\n- \x1b[2J\n", "f:2:3: is not YAML: control characters are not allowed"),
        ("- é\n- ü".encode() + b"\xff\n", "f:2:4: is not UTF-8 text"),
        (b"- a\r\n- \x80\r\n", "f:2:3: is not UTF-8 text"),
        ("- a".encode("utf-16"), "f:1:1: is not UTF-8 text"),
        (b"%YAML 3.0\n---\na\n", "f:1:1: is not YAML: found incompatible YAML document"),
    ],
)
def test_what_is_refused_is_named_with_its_place(content: bytes, expected: str) -> None:
    assert problems(content) == [expected]


def test_all_that_is_refused_comes_at_once() -> None:
    assert problems(b"- &a !b c\n- *a\n- <<: d\n- [\n") == [
        "f:1:3: anchors are not allowed: remove &a",
        "f:1:3: tags of YAML are not allowed: remove !b",
        "f:2:3: aliases are not allowed: write out what *a stands for",
        "f:3:3: merge keys are not allowed: write the fields out",
        "f:5:1: is not YAML: did not find expected node content while parsing a flow node",
    ]


def test_what_was_refused_leaves_a_mark_so_that_it_is_told_once() -> None:
    root, _ = parse(b"- *x\n", "f", Files())
    assert root == Sequence([Refused(1, 3)], 1, 1)


@pytest.mark.parametrize("content", [b"- '<<'\n", b"- <<\n", b"a: <<\n", b"'<<': a\n"])
def test_two_angle_brackets_that_merge_nothing_are_text(content: bytes) -> None:
    assert problems(content) == []


def test_the_deepest_allowed_level_is_read_and_the_next_is_not() -> None:
    limits = Files(yaml_depth=8)
    assert problems(b"[" * 8 + b"]" * 8, limits) == []
    assert problems(b"[" * 9 + b"]" * 9, limits) == ["f:1:9: is nested deeper than 8 levels"]


@pytest.mark.parametrize("bracket", [b"[", b"{", b"- ", b"? ", b"[{"])
def test_a_hundred_thousand_brackets_are_refused_like_a_few(bracket: bytes) -> None:
    (problem,) = problems(bracket * 100_000)
    assert problem.endswith(": is nested deeper than 32 levels")


def test_json_is_yaml() -> None:
    assert problems(b'{"a":[{"b":"c:d","e":true}]}') == []


def test_the_parser_in_c_is_there() -> None:
    assert ruamel.yaml.__with_libyaml__


def test_problems_without_end_are_told_up_to_a_bound() -> None:
    told = problems(b"- *a\n" * 20_000)
    assert len(told) == 10_001
    assert told[9_999].endswith(":10000:3: aliases are not allowed: write out what *a stands for")
    assert told[10_000].endswith(":10001:3: has more than 10,000 problems: the rest of the file was not read")
