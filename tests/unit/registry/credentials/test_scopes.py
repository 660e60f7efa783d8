"""What a request asks to be allowed: no more than it takes."""

from cip_async.registry.credentials.scopes import CATALOG, asked_by, pull, push


def test_reading_takes_pull_alone() -> None:
    assert pull("prod/foo") == ("repository:prod/foo:pull",)


def test_writing_takes_pull_and_push() -> None:
    assert push("prod/foo") == ("repository:prod/foo:pull,push",)


def test_mounting_takes_pull_of_the_other_repository_too_and_names_the_destination_first() -> None:
    assert push("prod/foo", "staging/foo") == ("repository:prod/foo:pull,push", "repository:staging/foo:pull")


def test_mounting_from_itself_takes_nothing_more() -> None:
    assert push("prod/foo", "prod/foo") == push("prod/foo")


def test_a_challenge_joins_scopes_by_blanks() -> None:
    assert asked_by("repository:a:pull  repository:b:pull,push") == ("repository:a:pull", "repository:b:pull,push")
    assert asked_by("") == ()


def test_the_catalog_has_a_scope_of_its_own() -> None:
    assert CATALOG == ("registry:catalog:*",)
