"""Names of branches and paths go to git and to the file system only if they are harmless."""

import pytest

from cip_async.audit.git_source import GitSource
from cip_async.errors import InvalidSettings


def make(*, branch: str = "main", path: str = ".") -> GitSource:
    return GitSource("https://git.example/name.git", branch=branch, path=path, timeout_s=1.0)


@pytest.mark.parametrize("branch", ["main", "release-1.0", "release/1.0", "_", "feature/a+b"])
def test_usual_branches_are_taken(branch: str) -> None:
    make(branch=branch)


@pytest.mark.parametrize(
    "branch",
    [
        *("", "-b", "--upload-pack=x", "a..b", "a b", "a\n", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock"),
        *("a~1", "a^", "a:b", "a@{1}", "ä", "x" * 300),
    ],
)
def test_other_branches_are_refused(branch: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^branch is "):
        make(branch=branch)


@pytest.mark.parametrize("path", ["", ".", "registry.k8s.io", "k8s.gcr.io/manifests.yaml", "-x"])
def test_paths_below_the_root_are_taken(path: str) -> None:
    make(path=path)


@pytest.mark.parametrize("path", ["/etc", "..", "a/../../b", "a\x00b", "a\nb"])
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^manifest path is "):
        make(path=path)
