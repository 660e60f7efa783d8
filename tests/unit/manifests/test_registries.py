"""The rules for registry entries: any breach spoils the file, since where to write is never guessed."""

import pytest

from cip_async.manifests.fields import Findings
from cip_async.manifests.registries import Registries, registries
from cip_async.model.promoter_manifest import Place
from tests.unit.manifests.samples import told, tree

SOURCE = "- {name: gcr.io/staging, src: true}\n"
ACCOUNT = "expected the name of an account, without spaces"


def read(text: str) -> tuple[Registries | None, list[str]]:
    findings = Findings("f")
    root = tree(text)
    assert root is not None
    return registries(root, findings), told(findings.problems)


def test_a_source_and_destinations_are_read_with_their_places() -> None:
    found, problems = read("""\
        - name: us.gcr.io/prod/foo
          service-account: promoter@prod.example
        - name: gcr.io/staging
          src: true
        - name: localhost:5000
          src: false
        """)
    assert problems == []
    assert found is not None
    assert (str(found.source.path), found.source.is_source, found.source.service_account) == (
        "gcr.io/staging",
        True,
        None,
    )
    assert found.source.place == Place("f", 3, 9)
    assert [(str(entry.path), entry.is_source, entry.service_account) for entry in found.destinations] == [
        ("us.gcr.io/prod/foo", False, "promoter@prod.example"),
        ("localhost:5000", False, None),
    ]


@pytest.mark.parametrize("account", ["", "~", "''"])
def test_an_account_may_be_left_empty(account: str) -> None:
    found, problems = read(f"{SOURCE}- name: us.gcr.io/prod\n  service-account: {account}\n")
    assert problems == []
    assert found is not None
    assert found.destinations[0].service_account is None


@pytest.mark.parametrize("flag", ["true", "True", "TRUE"])
def test_a_source_is_marked_with_true(flag: str) -> None:
    found, problems = read(f"- name: gcr.io/staging\n  src: {flag}\n- name: us.gcr.io/prod\n")
    assert problems == []
    assert found is not None
    assert str(found.source.path) == "gcr.io/staging"


@pytest.mark.parametrize("flag", ["'true'", "yes", "1", "", "[true]"])
def test_nothing_else_is_taken_for_true(flag: str) -> None:
    found, problems = read(f"- name: gcr.io/staging\n  src: {flag}\n- name: us.gcr.io/prod\n")
    assert found is None
    (problem,) = problems
    assert problem.startswith("FILE f:2:")
    assert problem.endswith(": expected true or false, without quotes")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: b", "FILE f:1:1: registries is a mapping: expected a list of one source and the registries to promote to"),
        ("[]", "FILE f:1:1: registries is a list: expected a list of one source and the registries to promote to"),
        ("- a", "FILE f:1:3: a registry is 'a': expected the fields name, service-account and src"),
        ("- src: true", "FILE f:1:3: this registry has no name"),
        ("- name: [a]", "FILE f:1:9: the name of a registry is a list: expected text"),
        (
            "- name: prod",
            "FILE f:1:9: registry 'prod' is malformed: expected a host and a path: us.gcr.io/k8s-artifacts-prod",
        ),
        (
            "- name: gcr.io/",
            ("FILE f:1:9: registry 'gcr.io/' is malformed: expected a host and a path: us.gcr.io/k8s-artifacts-prod"),
        ),
        (
            "- name: https://gcr.io/a",
            (
                "FILE f:1:9: registry 'https://gcr.io/a' is malformed: expected a host and a path:"
                " us.gcr.io/k8s-artifacts-prod"
            ),
        ),
        ("- name: gcr.io/a\n  token: b", "FILE f:2:3: unknown field 'token': expected name, service-account or src"),
        ("- name: gcr.io/a\n  name: gcr.io/b", "FILE f:2:3: field 'name' is here twice: first in line 1"),
        ("- name: gcr.io/a\n  service-account: [b]", f"FILE f:2:20: service-account is a list: {ACCOUNT}"),
        ("- name: gcr.io/a\n  service-account: a b", f"FILE f:2:20: service-account is 'a b': {ACCOUNT}"),
        ("- name: gcr.io/a\n  service-account: --b", f"FILE f:2:20: service-account is '--b': {ACCOUNT}"),
        ('- name: gcr.io/a\n  service-account: "a\\e[2J"', f"FILE f:2:20: service-account is 'a\\x1b[2J': {ACCOUNT}"),
        ("- name: us.gcr.io/prod", "FILE f:1:1: no registry has src: true, expected exactly one"),
    ],
)
def test_a_breach_is_named_with_its_place(text: str, problem: str) -> None:
    assert read(text) == (None, [problem])


def test_each_source_after_the_first_is_a_problem() -> None:
    _, problems = read(
        f"{SOURCE}- {{name: gcr.io/b, src: true}}\n- name: us.gcr.io/prod\n- {{name: gcr.io/c, src: true}}\n"
    )
    assert problems == [
        "FILE f:2:10: a second registry has src: true, the first is in line 1",
        "FILE f:4:10: a second registry has src: true, the first is in line 1",
    ]


def test_a_destination_that_is_named_twice_counts_once() -> None:
    found, problems = read(f"{SOURCE}- name: us.gcr.io/prod\n- name: eu.gcr.io/prod\n- name: us.gcr.io/prod\n")
    assert problems == ["WARNING f:4:9: registry us.gcr.io/prod is here twice: the one in line 2 counts"]
    assert found is not None
    assert [str(entry.path) for entry in found.destinations] == ["us.gcr.io/prod", "eu.gcr.io/prod"]


def test_a_source_alone_promotes_nothing_and_says_so() -> None:
    found, problems = read(SOURCE)
    assert problems == ["WARNING f:1:1: no registry to promote to is named: nothing is promoted"]
    assert found is not None
    assert found.destinations == ()


def test_all_problems_come_at_once() -> None:
    _, problems = read("- name: a\n- {name: gcr.io/b, src: 1, x: y}\n- {src: true}\n")
    assert [problem.split(":")[1] for problem in problems] == ["1", "2", "2", "3"]
