"""Verdicts follow from the event and the promoter manifests alone."""

from pathlib import Path

import pytest

from cip_async.audit.decide import Finding, Unknown, Verdict, decide, may_change, not_wanted, verified_child
from cip_async.audit.messages import Malformed, delivery
from cip_async.audit.wanted import NOTHING_WANTED, Wanted
from tests.unit.audit.pushes import push
from tests.unit.audit.test_wanted import ONE, TWO, index

APP = "us.gcr.io/prod/app"
OTHER = "sha256:" + "ff" * 32


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    return index(tmp_path, ("gcr.io/staging", {ONE: ["v1", "v1.0"], TWO: []}))


def judged(wanted: Wanted, action: str = "INSERT", *, digest: str = "", tag: str = "", path: str = APP) -> object:
    change = {"action": action, "digest": digest and f"{path}@{digest}", "tag": tag and f"{path}:{tag}"}
    return decide(delivery(push(change)).content, wanted)


def verdict(wanted: Wanted, action: str = "INSERT", *, digest: str = "", tag: str = "", path: str = APP) -> Verdict:
    found = judged(wanted, action, digest=digest, tag=tag, path=path)
    assert isinstance(found, Verdict)
    return found


@pytest.mark.parametrize(("digest", "tag"), [(ONE, ""), (ONE, "v1"), (ONE, "v1.0"), (TWO, "")])
def test_what_promoter_manifests_want_is_verified(wanted: Wanted, digest: str, tag: str) -> None:
    assert verdict(wanted, digest=digest, tag=tag) == Verdict(
        finding=Finding.VERIFIED, reason="wanted from gcr.io/staging/app"
    )


@pytest.mark.parametrize(
    ("digest", "tag", "reason"),
    [
        (ONE, "v2", f"promoter manifests want {ONE}, but not with the tag v2"),
        (TWO, "v1", f"promoter manifests want the tag v1 with {ONE}, not with {TWO}"),
        (TWO, "v3", f"promoter manifests want {TWO}, but not with the tag v3"),
        (OTHER, "v1", f"promoter manifests want the tag v1 with {ONE}, not with {OTHER}"),
    ],
)
def test_a_tag_that_does_not_belong_to_its_digest_is_rejected(
    wanted: Wanted, digest: str, tag: str, reason: str
) -> None:
    assert verdict(wanted, digest=digest, tag=tag) == Verdict(finding=Finding.TAG_MISMATCH, reason=reason)


def test_a_tagged_digest_of_which_nothing_is_wanted_is_rejected_without_asking_further(wanted: Wanted) -> None:
    assert verdict(wanted, digest=OTHER, tag="v9") == Verdict(
        finding=Finding.NOT_WANTED, reason=f"no promoter manifest wants {OTHER}, nor the tag v9"
    )


def test_an_untagged_digest_that_is_not_wanted_may_be_part_of_an_index(wanted: Wanted) -> None:
    unknown = judged(wanted, digest=OTHER)
    assert isinstance(unknown, Unknown)
    assert (unknown.digest, [str(content.source) for content in unknown.contents]) == (OTHER, ["gcr.io/staging/app"])
    assert verified_child(ONE, unknown.contents[0]) == Verdict(
        finding=Finding.VERIFIED_CHILD, reason=f"part of {ONE}, which is wanted from gcr.io/staging/app"
    )
    assert not_wanted(unknown) == Verdict(
        finding=Finding.NOT_WANTED,
        reason=f"no promoter manifest wants {OTHER} from gcr.io/staging/app, nor an index that it is part of",
    )


@pytest.mark.parametrize(
    "path", ["us.gcr.io/prod", "us.gcr.io/prod/app/sub", "us.gcr.io/prod/ap", "gcr.io/staging/app"]
)
def test_a_repository_that_is_no_destination_is_rejected(wanted: Wanted, path: str) -> None:
    assert verdict(wanted, digest=ONE, path=path) == Verdict(
        finding=Finding.NOT_WANTED, reason=f"{path} is no destination of any promoter manifest"
    )


@pytest.mark.parametrize(("digest", "tag"), [(ONE, ""), ("", "v1"), (ONE, "v1"), (OTHER, "")])
def test_every_deletion_is_rejected(wanted: Wanted, digest: str, tag: str) -> None:
    assert verdict(wanted, "DELETE", digest=digest, tag=tag).finding is Finding.DELETION


def test_a_malformed_message_is_rejected_with_its_reason(wanted: Wanted) -> None:
    assert decide(Malformed(reason="it is odd"), wanted) == Verdict(finding=Finding.MALFORMED, reason="it is odd")


def test_only_what_newer_manifests_could_allow_may_change(wanted: Wanted) -> None:
    changing = (judged(wanted, digest=OTHER), judged(NOTHING_WANTED, digest=ONE), judged(wanted, digest=TWO, tag="v1"))
    lasting = (judged(wanted, digest=ONE), judged(wanted, "DELETE", tag="v1"), decide(Malformed(reason=""), wanted))
    assert all(isinstance(each, Verdict | Unknown) and may_change(each) for each in changing)
    assert not any(isinstance(each, Verdict | Unknown) and may_change(each) for each in lasting)


def test_only_what_is_verified_is_no_rejection() -> None:
    assert [each.value for each in Finding if not each.is_rejection] == ["verified", "verified-child"]
