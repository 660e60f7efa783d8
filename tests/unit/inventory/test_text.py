"""How a snapshot reads: YAML that is a thin manifest's images file, and CSV with one line per tag."""

import pytest

from cip_async.inventory.rows import Row
from cip_async.inventory.text import Output, renderer
from cip_async.reference import Digest, Host, RegistryPath, Repository, Tag

HOST = Host("us.example")
PROD = RegistryPath(HOST, "prod")
A, B = (Digest(f"sha256:{letter * 64}") for letter in "ab")
ROWS = [
    Row(Repository(HOST, "prod/etcd"), A, Tag("1.10")),
    Row(Repository(HOST, "prod/etcd"), A, Tag("latest")),
    Row(Repository(HOST, "prod/etcd"), B, None),
    Row(Repository(HOST, "prod/foo/bar"), B, Tag("v1")),
]
YAML = f"""\
- name: etcd
  dmap:
    "{A}": ["1.10", "latest"]
    "{B}": []
- name: foo/bar
  dmap:
    "{B}": ["v1"]
"""
CSV = f"""\
etcd@{A},etcd:1.10
etcd@{A},etcd:latest
etcd@{B},-
foo/bar@{B},foo/bar:v1
"""

JSON = f"""\
[
{{"name": "etcd", "dmap": {{"{A}": ["1.10","latest"], "{B}": []}}}},
{{"name": "foo/bar", "dmap": {{"{B}": ["v1"]}}}}
]
"""


@pytest.mark.parametrize("rows_at_once", [1, 2, 3, 9])
@pytest.mark.parametrize(("output", "expected"), [(Output.YAML, YAML), (Output.CSV, CSV), (Output.JSON, JSON)])
def test_rows_make_the_same_text_in_pieces_of_any_size(output: Output, expected: str, rows_at_once: int) -> None:
    text = renderer(output, PROD)
    pieces = [text.feed(ROWS[start : start + rows_at_once]) for start in range(0, len(ROWS), rows_at_once)]
    assert "".join(pieces) + text.end() == expected


@pytest.mark.parametrize(("output", "expected"), [(Output.YAML, "[]\n"), (Output.CSV, "")])
def test_nothing_makes_an_empty_document(output: Output, expected: str) -> None:
    text = renderer(output, PROD)
    assert text.feed([]) + text.end() == expected


def test_an_image_of_the_same_digest_in_the_next_repository_has_its_own_entry() -> None:
    text = renderer(Output.YAML, PROD)
    rows = [Row(Repository(HOST, "prod/a"), A, Tag("v1")), Row(Repository(HOST, "prod/b"), A, Tag("v2"))]
    assert text.feed(rows) + text.end() == (
        f'- name: a\n  dmap:\n    "{A}": ["v1"]\n- name: b\n  dmap:\n    "{A}": ["v2"]\n'
    )


def test_below_a_mere_host_names_are_whole_paths() -> None:
    text = renderer(Output.CSV, RegistryPath(HOST, ""))
    assert text.feed(ROWS[-1:]) == f"prod/foo/bar@{B},prod/foo/bar:v1\n"


@pytest.mark.parametrize("name", ["1.10", "0x1", "null", "yes", "off", "2e5", "n"])
def test_a_name_that_yaml_would_not_read_as_text_is_quoted(name: str) -> None:
    text = renderer(Output.YAML, PROD)
    assert text.feed([Row(Repository(HOST, f"prod/{name}"), A, None)]) == f'- name: "{name}"\n  dmap:\n'
