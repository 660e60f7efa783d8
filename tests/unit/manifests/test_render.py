"""Promoter manifests as YAML: sorted, and read back as what they were by any reader."""

import attrs
import pytest

from cip_async.manifests.layout import images_file, manifest_file
from cip_async.manifests.nodes import Scalar
from cip_async.manifests.parse import parse
from cip_async.manifests.render import images_text, plain_file, registries_text, scalar, thin_files
from cip_async.manifests.validate import plain_manifest, thin_images
from cip_async.model.promoter_manifest import PromoterManifest
from cip_async.settings import Files
from tests.unit.manifests.samples import A, B, tree

RENDERED = f"""\
registries:
- name: gcr.io/staging
  src: true
- name: eu.gcr.io/prod
  service-account: promoter@prod.example
- name: us.gcr.io/prod
images:
- name: etcd
  dmap:
    "{A}": ["1.10", "latest"]
    "{B}": []
- name: foo/bar
  dmap:
    "{B}": ["v1"]
"""
SHUFFLED = f"""\
images:
- dmap:
    {B}:
    - v1
  name: foo/bar
- name: etcd
  dmap: {{'{B}': [], '{A}': [latest, 1.10, latest]}}
registries:
- {{name: us.gcr.io/prod, src: false}}
- {{src: true, name: gcr.io/staging}}
- {{name: eu.gcr.io/prod, service-account: promoter@prod.example}}
"""


def manifest(text: str) -> PromoterManifest:
    found, problems = plain_manifest(tree(text), "f")
    assert problems == ()
    assert found is not None
    return found


@pytest.mark.parametrize("text", [RENDERED, SHUFFLED])
def test_a_plain_manifest_is_sorted_whatever_the_order_it_was_written_in(text: str) -> None:
    assert plain_file(manifest(text)) == RENDERED


def test_a_plain_manifest_may_want_nothing() -> None:
    text = "registries:\n- name: gcr.io/staging\n  src: true\n- name: us.gcr.io/prod\nimages: []\n"
    assert plain_file(manifest(text)) == text


def test_a_thin_manifest_is_two_files_in_their_places() -> None:
    registries, images = RENDERED.split("images:\n")
    assert thin_files("foo", manifest(SHUFFLED)) == ((manifest_file("foo"), registries), (images_file("foo"), images))
    assert registries_text(manifest(SHUFFLED)) == registries


def test_stubs_stay_stubs_in_thin_manifests_and_are_left_out_of_plain_ones() -> None:
    stub, other = "- name: a\n", f'- name: b\n  dmap:\n    "{A}": []\n'
    images, _ = thin_images(tree(stub + other), "f")
    assert images_text(images) == stub + other
    whole = attrs.evolve(manifest(RENDERED), images=images)
    assert plain_file(whole) == f"{registries_text(whole)}images:\n{other}"


def test_no_images_are_an_empty_list() -> None:
    assert images_text(()) == "[]\n"


def test_entries_of_one_name_are_sorted_by_what_they_want() -> None:
    one, other = f'- name: a\n  dmap:\n    "{A}": ["v1"]\n', f'- name: a\n  dmap:\n    "{A}": ["v2"]\n'
    images, _ = thin_images(tree(other + one), "f")
    assert images_text(images) == one + other


@pytest.mark.parametrize(
    "text", ["etcd", "foo/bar", "us.gcr.io/prod", "localhost:5000/a__b", "promoter@prod.example", "a1", "x-1"]
)
def test_what_all_readers_take_for_text_is_written_plainly(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize("text", ["", "~", "null", "NULL", "yes", "Yes", "no", "on", "off", "y", "n", "true", "false"])
def test_what_might_be_taken_for_nothing_or_a_truth_value_is_quoted(text: str) -> None:
    assert scalar(text) == f'"{text}"'


@pytest.mark.parametrize(
    "text", ["1", "1.10", "1e3", "0x10", "0o7", "010", "1_000", ".5", ".inf", ".nan", "2020-08-01", "12:30:45"]
)
def test_what_might_be_taken_for_a_number_or_a_time_is_quoted(text: str) -> None:
    assert scalar(text) == f'"{text}"'


@pytest.mark.parametrize(
    "text", [*"-?&*!|>@`%=#", "<<", "- a", "? a", "a: b", "a:", "a #b", "[a]", "{a}", "a,b", " a", "a "]
)
def test_what_might_have_a_meaning_of_its_own_is_quoted(text: str) -> None:
    assert scalar(text) == f'"{text}"'


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('"', r'"\""'),
        ("\\", r'"\\"'),
        ("a\nb\t", r'"a\u000ab\u0009"'),
        ("\x85\u2028\ufeff\x7f", r'"\u0085\u2028\ufeff\u007f"'),
        ("é", '"é"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_what_cannot_be_seen_is_escaped_and_read_back(text: str, written: str) -> None:
    assert scalar(text) == written
    assert parse(written.encode(), "f", Files()) == (Scalar(text, 1, 1, is_plain=False), ())
