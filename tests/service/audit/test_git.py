"""Promoter manifests come from a git repository that changes meanwhile."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import attrs
import pytest
from anyio import to_thread

from cip_async.audit.git_source import GitSource
from cip_async.audit.happenings import Deferred, ManifestsChecked, ManifestsFailed, ManifestsRead
from cip_async.audit.keeper import Manifests
from cip_async.audit.limits import AuditLimits
from cip_async.errors import InvalidManifests, ManifestsUnavailable
from cip_async.fake_registry.images import multi_arch, single
from tests.service.audit.conftest import QUICK, Client, GitRepository, Serve
from tests.service.staging import Staging

pytestmark = pytest.mark.anyio

APP = "us.gcr.io/prod/app"
ONE, TWO = f"sha256:{'11' * 32}", f"sha256:{'22' * 32}"
REGISTRIES = "registries:\n- {name: gcr.io/staging, src: true}\n- {name: us.gcr.io/prod}\n"


def thin(*digests: str, tag: str = "v") -> dict[str, str]:
    """Thin promoter manifests that want these digests as `app`, in a folder of the repository."""
    dmap = "".join(f'    "{digest}": ["{tag}{number}"]\n' for number, digest in enumerate(digests))
    return {
        "registry/manifests/mine/promoter-manifest.yaml": REGISTRIES,
        "registry/images/mine/images.yaml": f"- name: app\n  dmap:\n{dmap}",
        "README.md": "",
    }


def source(repository: GitRepository, *, branch: str = "main", path: str = "registry") -> GitSource:
    return GitSource(repository.url, branch=branch, path=path, timeout_s=60.0)


async def test_a_branch_is_read_with_its_revision(repository: GitRepository) -> None:
    revision = await repository.commit(thin(ONE, TWO))
    read = await source(repository).read(None)
    assert isinstance(read, Manifests)
    assert (read.revision, read.wanted.digests) == (revision, 2)


async def test_a_revision_that_is_held_is_not_read_again(repository: GitRepository) -> None:
    revision = await repository.commit(thin(ONE))
    assert await source(repository).read(revision) is None


async def test_another_branch_is_read_if_it_is_named(repository: GitRepository) -> None:
    await repository.commit(thin(ONE))
    revision = await repository.commit(thin(ONE, TWO), branch="release/1.0")
    read = await source(repository, branch="release/1.0").read(None)
    assert read is not None
    assert (read.revision, read.wanted.digests) == (revision, 2)


async def test_a_plain_manifest_is_read_if_the_path_is_that_of_a_file(repository: GitRepository) -> None:
    await repository.commit({"deep/manifest.yaml": f'{REGISTRIES}images:\n- name: app\n  dmap:\n    "{ONE}": []\n'})
    read = await source(repository, path="deep/manifest.yaml").read(None)
    assert read is not None
    assert read.wanted.digests == 1


async def test_nothing_is_left_of_a_clone(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.commit(thin(ONE))
    temporary = tmp_path / "temporary"
    await anyio.Path(temporary).mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    await source(repository).read(None)
    with pytest.raises(ManifestsUnavailable):
        await source(repository, path="elsewhere").read(None)
    assert [each async for each in anyio.Path(temporary).iterdir()] == []


async def test_a_branch_that_is_not_there_is_told(repository: GitRepository) -> None:
    await repository.commit(thin(ONE))
    with pytest.raises(ManifestsUnavailable) as caught:
        await source(repository, branch="other").read(None)
    assert str(caught.value) == f"promoter manifests of {repository.url}: there is no branch other"


async def test_a_path_that_is_not_there_is_told(repository: GitRepository) -> None:
    await repository.commit(thin(ONE))
    with pytest.raises(ManifestsUnavailable, match="there is no elsewhere in the branch main"):
        await source(repository, path="elsewhere").read(None)


async def test_a_path_that_leads_out_of_the_repository_is_not_followed(
    repository: GitRepository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    await anyio.Path(outside).mkdir()
    await repository.commit(thin(ONE))
    for name, target in (("out", outside), ("loop", "loop"), ("git", ".git/../..")):
        await anyio.Path(repository.tree / name).symlink_to(target)
    await repository.commit({"README.md": "changed"})
    for name in ("out", "loop", "git"):
        with pytest.raises(ManifestsUnavailable, match=f"there is no {name} in the branch main"):
            await source(repository, path=name).read(None)


async def test_a_repository_that_is_not_there_is_told_in_git_s_words(tmp_path: Path) -> None:
    missing = GitSource(f"file://{tmp_path}/missing.git", branch="main", path=".", timeout_s=60.0)
    with pytest.raises(ManifestsUnavailable, match=r"git ended with 128: fatal: .*missing\.git"):
        await missing.read(None)


async def test_a_git_that_takes_too_long_is_ended(repository: GitRepository) -> None:
    await repository.commit(thin(ONE))
    with pytest.raises(ManifestsUnavailable, match="git took longer than 1e-06 s"):
        await GitSource(repository.url, branch="main", path=".", timeout_s=0.000001).read(None)


async def test_a_git_that_is_cancelled_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, program = tmp_path / "pipe", anyio.Path(tmp_path / "git")
    os.mkfifo(pipe)
    await program.write_text(f"#!/bin/sh\nexec 3>{pipe}\necho running >&3\n/bin/sleep 1000\n")
    await program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    followed = GitSource("file:///somewhere", branch="main", path=".", timeout_s=1000.0)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(followed.read, None)
            reading = await to_thread.run_sync(pipe.open)
            assert await to_thread.run_sync(reading.readline) == "running\n"
            tasks.cancel_scope.cancel()
        assert await to_thread.run_sync(reading.read) == ""  # nobody is left who could write
        await to_thread.run_sync(reading.close)


async def test_a_disk_without_room_for_a_clone_is_told(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.commit(thin(ONE))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(ManifestsUnavailable, match="no temporary folder: No such file or directory"):
        await source(repository).read(None)


async def test_a_git_that_is_not_installed_is_told(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ManifestsUnavailable, match="cannot run git: No such file or directory"):
        await source(repository).read(None)


async def test_hooks_that_a_template_brings_are_not_run(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.commit(thin(ONE))
    hook = anyio.Path(tmp_path / "template/hooks/post-checkout")
    await hook.parent.mkdir(parents=True)
    await hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    await hook.chmod(0o755)
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    await source(repository).read(None)
    assert not await anyio.Path(tmp_path / "ran").exists()


async def test_a_repository_that_the_environment_names_is_not_the_one_that_is_read(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    revision = await repository.commit(thin(ONE))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    read = await source(repository).read(None)
    assert read is not None
    assert read.revision == revision


async def test_invalid_manifests_are_told_with_their_problems(repository: GitRepository) -> None:
    await repository.commit(thin("sha256:abc"))
    with pytest.raises(InvalidManifests, match=r"^registry/images/mine/images\.yaml:3:5: "):
        await source(repository).read(None)


async def test_a_revision_that_is_invalid_is_cloned_once(
    repository: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await repository.commit(thin("sha256:abc"))
    followed = source(repository)
    with pytest.raises(InvalidManifests) as first:
        await followed.read(None)
    with monkeypatch.context() as patched:
        patched.setattr("tempfile.tempdir", str(tmp_path / "missing"))
        with pytest.raises(InvalidManifests) as again:
            await followed.read(None)
    assert again.value.problems == first.value.problems
    await repository.commit(thin(ONE))
    assert await followed.read(None) is not None


async def test_a_branch_whose_name_ends_like_another_s_is_not_taken_for_it(repository: GitRepository) -> None:
    await repository.commit(thin(ONE))
    await repository.commit(thin(ONE, TWO), branch="a/refs/heads/main")
    revision = await repository.git("-C", str(repository.tree), "rev-parse", "main")
    read = await source(repository).read(None)
    assert read is not None
    assert (read.revision, read.wanted.digests) == (revision, 1)


@pytest.fixture
async def auditor(
    repository: GitRepository, staging: Staging, serve_auditor: Serve
) -> Callable[..., Awaitable[Client]]:
    async def start(limits: AuditLimits = QUICK) -> Client:
        return await serve_auditor(source(repository), staging, limits=limits)

    return start


Start = Callable[..., Awaitable[Client]]


async def test_what_was_merged_before_an_event_is_known_when_it_comes(
    repository: GitRepository, auditor: Start
) -> None:
    await repository.commit(thin(ONE))
    client = await auditor()
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1") == "not-wanted"
    revision = await repository.commit(thin(ONE, TWO))
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1") == "verified"
    assert client.told.of(ManifestsRead)[-1].revision == revision


async def test_an_event_that_is_older_than_the_manifests_asks_for_no_newer_ones(
    repository: GitRepository, auditor: Start
) -> None:
    await repository.commit(thin(ONE))
    client = await auditor()
    looks = len(client.told.of(ManifestsRead | ManifestsChecked))  # type: ignore[arg-type]  # isinstance takes unions
    before = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    await client.event("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1", publishTime=before)
    assert client.reasons() == [f"no promoter manifest wants {TWO}, nor the tag v1"]
    assert len(client.told.of(ManifestsRead | ManifestsChecked)) == looks  # type: ignore[arg-type]  # as above


async def test_the_children_of_an_index_that_was_just_merged_are_verified(
    repository: GitRepository, staging: Staging, auditor: Start
) -> None:
    multi = multi_arch(seed="multi")
    staging.push("app", multi)
    await repository.commit(thin(ONE))
    client = await auditor()
    await repository.commit(thin(ONE, multi.digest))
    assert await client.verdict("INSERT", digest=f"{APP}@{multi.children[0].digest}") == "verified-child"


async def test_an_image_that_was_just_merged_is_verified_though_the_source_is_down(
    repository: GitRepository, staging: Staging, auditor: Start
) -> None:
    await repository.commit(thin(ONE))
    client = await auditor()
    staging.servers["gcr.io"].faults.add("500")
    await repository.commit(thin(ONE, TWO))
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}") == "verified"


async def test_children_of_an_index_that_is_no_longer_wanted_are_rejected(
    repository: GitRepository, staging: Staging, auditor: Start
) -> None:
    multi, image = multi_arch(seed="multi"), single(seed="image")
    staging.push("app", multi)
    staging.push("app", image)
    await repository.commit(thin(image.digest, multi.digest))
    client = await auditor()
    child = f"{APP}@{multi.children[0].digest}"
    assert await client.verdict("INSERT", digest=child) == "verified-child"
    await repository.commit(thin(image.digest))
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}") == "not-wanted"
    assert await client.verdict("INSERT", digest=child) == "not-wanted"


async def test_manifests_that_become_invalid_leave_the_last_good_ones_in_place(
    repository: GitRepository, auditor: Start
) -> None:
    await repository.commit(thin(ONE))
    client = await auditor(attrs.evolve(QUICK, patience_s=0.0))
    await repository.commit(thin("sha256:abc"))
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1") == "not-wanted"
    assert "; promoter manifests as new as the event cannot be read: " in client.reasons()[0]
    assert await client.verdict("INSERT", digest=f"{APP}@{ONE}", tag=f"{APP}:v0") == "verified"
    failed = await client.told.until(ManifestsFailed)
    assert "images.yaml:3:5: " in failed.reason
    status, text = await client.get("readyz")
    assert status == 200
    assert "images.yaml:3:5: " in text
    _, text = await client.get("metrics")
    assert "\ncip_audit_manifests_failing 1\n" in text
    await repository.commit(thin(ONE, TWO))
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1") == "verified"
    assert '"failure": null' in (await client.get("readyz"))[1]


async def test_an_unknown_image_is_put_off_while_newer_manifests_cannot_be_read(
    repository: GitRepository, auditor: Start
) -> None:
    await repository.commit(thin(ONE))
    client = await auditor()
    await repository.commit(thin("sha256:abc"))
    status, told = await client.event("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1", message_id="7")
    assert status == 503
    assert told["problem"].startswith("promoter manifests as new as the event cannot be read: ")
    await repository.commit(thin(ONE, TWO))
    assert await client.verdict("INSERT", digest=f"{APP}@{TWO}", tag=f"{APP}:v1", message_id="7") == "verified"


async def test_before_any_manifests_were_read_events_are_put_off_and_deletions_rejected(
    repository: GitRepository, auditor: Start
) -> None:
    client = await auditor()
    status, told = await client.event("INSERT", digest=f"{APP}@{ONE}", message_id="7")
    assert status == 503
    assert told["problem"].startswith("no promoter manifests could be read yet: ")
    assert client.told.of(Deferred)[0].message_id == "7"
    assert (await client.get("readyz"))[0] == 503
    assert await client.verdict("DELETE", digest=f"{APP}@{ONE}") == "deletion"
    await repository.commit(thin(ONE))
    assert await client.verdict("INSERT", digest=f"{APP}@{ONE}", message_id="7") == "verified"
    assert (await client.get("readyz"))[0] == 200


async def test_many_unknown_images_at_a_time_share_few_refreshes(repository: GitRepository, auditor: Start) -> None:
    await repository.commit(thin(ONE))
    client = await auditor()

    async def push(number: int) -> None:
        digest = f"sha256:{number:064x}"
        assert await client.verdict("INSERT", digest=f"{APP}@{digest}", tag=f"{APP}:new") == "not-wanted"

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(push, number)
    assert len(client.told.of(ManifestsChecked)) < 10
