"""What is legal in images files, and odd."""

import pytest

from cip_async.manifests.lint import lint, torn
from cip_async.manifests.validate import thin_images
from cip_async.model.promoter_manifest import Image
from tests.unit.manifests.samples import A, B, tree


def images(text: str) -> tuple[Image, ...]:
    found, problems = thin_images(tree(text), "f")
    assert problems == ()
    return found


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (f'- name: a\n  dmap:\n    "{A}": ["v1"]\n', []),
        ("- name: a\n", ["f:1:9: image a has no digests: nothing of it is promoted"]),
        (
            f'- name: b\n  dmap: {{"{A}": []}}\n- name: a\n  dmap: {{"{A}": []}}\n',
            ["f:3:9: the images are not sorted: this one belongs above the one in line 1"],
        ),
        (
            f'- name: a\n  dmap:\n    "{B}": []\n    "{A}": [y, x]\n',
            [
                "f:4:5: the digests of a are not sorted: this one belongs above the one in line 3",
                "f:4:84: the tags of a are not sorted: this one belongs above the one in line 4",
            ],
        ),
        (
            f'- name: a\n  dmap: {{"{A}": [x]}}\n- name: a\n  dmap: {{"{A}": [y]}}\n',
            [
                "f:3:9: image a has another entry: the first is in line 1",
                f"f:4:10: digest {A} of a has another list of tags in line 2",
            ],
        ),
        (
            f'- name: a\n  dmap:\n    "{A}": [latest]\n',
            ["f:3:81: tag latest of a is to be promoted: it can never move afterwards"],
        ),
    ],
)
def test_what_is_odd_is_told_with_its_place(text: str, findings: list[str]) -> None:
    assert [str(problem) for problem in lint(images(text))] == findings


def test_a_tag_with_two_digests_is_told_at_the_second() -> None:
    found = torn(images(f'- name: a\n  dmap:\n    "{A}": [x]\n    "{B}": [x]\n'))
    assert [str(problem) for problem in found] == [
        f"f:4:81: tag x of a is wanted with {B} here, and with {A} in line 3"
    ]
