"""Promoter manifests at a revision of their git repository: real git, in a temporary folder."""

import os
import subprocess
from pathlib import Path

import pytest

from cip_async.errors import InvalidSettings
from cip_async.manifests.tree import read_manifests, read_manifests_at

A, B = (f"sha256:{letter * 64}" for letter in "ab")
REGISTRIES = "registries:\n- name: gcr.io/staging\n  src: true\n- name: eu.gcr.io/prod\n"


def images(*digests: str) -> str:
    return "- name: app\n  dmap:\n" + "".join(
        f'    "{digest}": ["v{number}"]\n' for number, digest in enumerate(digests)
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a thin promoter manifest, a plain one, and one commit."""
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path / "k8s/manifests/foo/promoter-manifest.yaml", REGISTRIES)
    write(tmp_path / "k8s/images/foo/images.yaml", images(A))
    write(tmp_path / "plain.yaml", f"{REGISTRIES}images:\n{images(A)}")
    commit(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    named = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(
        ["git", "-C", str(folder), *named, *arguments], check=True, env=environment, stdin=subprocess.DEVNULL
    )


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Change")


def test_a_folder_is_read_as_it_was_whatever_is_on_disk_now(repository: Path) -> None:
    then = read_manifests(thin_manifest_dir=repository / "k8s")
    write(repository / "k8s/images/foo/images.yaml", images(A, B))
    (repository / "k8s/manifests/foo/promoter-manifest.yaml").unlink()
    at = read_manifests_at("HEAD", thin_manifest_dir=repository / "k8s")
    assert at.problems == ()
    assert [image.name for image in at.manifests[0].images] == [image.name for image in then.manifests[0].images]
    assert [want.digest for want in at.manifests[0].images[0].digests] == [A]


def test_a_plain_promoter_manifest_is_read_at_an_older_revision(repository: Path) -> None:
    write(repository / "plain.yaml", f"{REGISTRIES}images:\n{images(A, B)}")
    commit(repository)
    (older,) = read_manifests_at("HEAD~1", manifest=repository / "plain.yaml").manifests
    (newer,) = read_manifests_at("HEAD", manifest=repository / "plain.yaml").manifests
    assert [len(each.images[0].digests) for each in (older, newer)] == [1, 2]


def test_places_name_the_revision(repository: Path) -> None:
    write(repository / "plain.yaml", "registries: []\nimages: []\n")
    commit(repository)
    problems = read_manifests_at("HEAD", manifest=repository / "plain.yaml").problems
    assert problems
    assert str(problems[0].place) == f"HEAD:{repository}/plain.yaml:1:13"


def test_what_was_not_there_yet_wants_nothing(repository: Path) -> None:
    write(repository / "new/manifests/foo/promoter-manifest.yaml", REGISTRIES)
    write(repository / "new.yaml", "registries: []\n")
    assert read_manifests_at("HEAD", thin_manifest_dir=repository / "new").manifests == ()
    assert read_manifests_at("HEAD", manifest=repository / "new.yaml").problems == ()


def test_a_link_is_told_and_not_followed(repository: Path) -> None:
    (repository / "k8s/images/foo/images.yaml").unlink()
    (repository / "k8s/images/foo/images.yaml").symlink_to("/etc/passwd")
    commit(repository)
    (problem,) = read_manifests_at("HEAD", thin_manifest_dir=repository / "k8s").problems
    assert problem.message == "is not a file in that revision"


@pytest.mark.parametrize("revision", ["nothing", "--output=evil", "", "HEAD:plain.yaml", "HEAD\0", "\ud800"])
def test_a_revision_that_does_not_exist_is_told(repository: Path, revision: str) -> None:
    with pytest.raises(InvalidSettings, match=r"the revision is .*: expected a revision of the git repository"):
        read_manifests_at(revision, manifest=repository / "plain.yaml")


def test_a_folder_in_no_repository_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))  # temporary files may be in a repository
    with pytest.raises(InvalidSettings, match="expected a revision of the git repository"):
        read_manifests_at("HEAD", thin_manifest_dir=tmp_path)
