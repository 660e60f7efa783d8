"""What hosts can do, and how that is known."""

import pytest

from cip_async.copying.capabilities import Capabilities
from cip_async.errors import ContentUnknown
from cip_async.reference import Host
from tests.unit.copying.samples import AT_HOME, EU, SOURCE

PLAIN = Host("registry.example")


def capabilities() -> Capabilities:
    return Capabilities(lambda host: host.endswith("gcr.io"))


def refusal(code: str) -> ContentUnknown:
    return ContentUnknown(PLAIN, "PUT", "unknown", status=400, code=code, unknown=())


def test_only_hosts_of_google_may_mount_from_each_other() -> None:
    known = capabilities()
    assert known.mounts_across(SOURCE.host, EU.host)
    assert not known.mounts_across(PLAIN, EU.host)
    assert not known.mounts_across(SOURCE.host, PLAIN)


@pytest.mark.parametrize("code", ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"])
def test_a_host_that_refused_missing_content_does_so(code: str) -> None:
    known = capabilities()
    assert known.validates(EU.host)
    assert not known.validates(PLAIN)
    known.refused_document(refusal(code))
    assert known.validates(PLAIN)
    assert known.told({}) == {PLAIN: {"refuses-unknown-content": True}}


def test_a_refusal_of_another_kind_says_nothing() -> None:
    known = capabilities()
    known.refused_document(refusal("MANIFEST_UNKNOWN"))
    assert not known.validates(PLAIN)
    assert known.told({}) == {}


def test_mounts_from_other_hosts_are_told_apart() -> None:
    known = capabilities()
    known.refused_mount(SOURCE, EU)
    known.mounted(SOURCE, AT_HOME)
    known.refused_mount(SOURCE, AT_HOME)
    assert known.told({SOURCE.host: False}) == {
        EU.host: {"mounts-from-other-hosts": False},
        SOURCE.host: {"mounts": True, "several-tags": False},
    }
