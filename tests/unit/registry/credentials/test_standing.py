"""Who is refused as such, and who for one repository alone."""

import pytest

from cip_async.errors import CredentialError
from cip_async.reference import parse_registry_path, parse_repository
from cip_async.registry.credentials.standing import Standing

ENTRY = parse_registry_path("us.gcr.io/prod")
FOO, BAR = parse_repository("us.gcr.io/prod/foo"), parse_repository("us.gcr.io/prod/bar")
ELSEWHERE = parse_repository("us.gcr.io/other/foo")


@pytest.fixture
def standing() -> Standing:
    standing = Standing()
    standing.begin([ENTRY])
    return standing


def refuse(
    standing: Standing, status: int = 403, *, write: bool = False, owner: str = "me@example.com"
) -> CredentialError | None:
    return standing.refused(FOO.host, FOO, write=write, owner=owner, status=status, said="status 403")


def test_the_first_refusal_is_for_all_of_the_entry(standing: Standing) -> None:
    error = refuse(standing)
    assert str(error) == (
        "credentials for us.gcr.io: me@example.com may not read us.gcr.io/prod (status 403); it probably lacks"
        " artifactregistry.repositories.downloadArtifacts (role Artifact Registry Reader)"
    )
    with pytest.raises(CredentialError) as caught:
        standing.check(BAR.host, BAR, write=False)
    assert str(caught.value) == str(error)


def test_reading_and_writing_are_apart(standing: Standing) -> None:
    standing.admitted(FOO.host, FOO, write=False)
    error = refuse(standing, write=True)
    assert "may not write us.gcr.io/prod" in str(error)
    assert "artifactregistry.repositories.uploadArtifacts (role Artifact Registry Writer)" in str(error)
    standing.check(BAR.host, BAR, write=False)
    with pytest.raises(CredentialError):
        standing.check(BAR.host, BAR, write=True)


def test_an_account_that_is_not_accepted_is_told_as_such(standing: Standing) -> None:
    assert "us.gcr.io/prod does not accept me@example.com" in str(refuse(standing, 401))


def test_who_was_let_in_is_refused_for_one_repository_alone(standing: Standing) -> None:
    standing.admitted(BAR.host, BAR, write=False)
    assert refuse(standing) is None
    standing.check(BAR.host, BAR, write=False)


def test_nobody_has_no_standing(standing: Standing) -> None:
    assert refuse(standing, owner="") is None
    standing.check(BAR.host, BAR, write=False)


def test_other_registries_go_on(standing: Standing) -> None:
    refuse(standing)
    standing.check(ELSEWHERE.host, ELSEWHERE, write=False)
    standing.check(FOO.host, None, write=False)


def test_a_new_run_gives_everybody_a_new_chance(standing: Standing) -> None:
    refuse(standing)
    standing.begin([ENTRY])
    standing.check(FOO.host, FOO, write=False)
    assert refuse(standing) is not None
