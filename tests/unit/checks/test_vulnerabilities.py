"""The check for vulnerabilities: what it finds, and what it lets pass."""

from collections.abc import Mapping

import attrs
import pytest

from cip_async.checks.vulnerabilities import Vulnerabilities
from cip_async.gcp.container_analysis import Scan, ScanState, Severity, Vulnerability
from cip_async.model.image import Descriptor, DocumentKind, ImageDocument
from cip_async.reference import Digest, Repository
from tests.unit.checks.test_checks import found, index, subject
from tests.unit.planning.samples import digest, manifest, manifests

pytestmark = pytest.mark.anyio

BAD = Vulnerability(name="CVE-2026-1", package="openssl", severity=Severity.HIGH, fixable=True)
CLEAN = Scan(state=ScanState.FINISHED, vulnerabilities=())


def image(letter: str, layer_type: str = "application/vnd.oci.image.layer.v1.tar+gzip") -> ImageDocument:
    blobs = tuple(
        Descriptor(media_type=media_type, digest=digest(number), size_bytes=1)
        for number, media_type in (("1", "application/vnd.oci.image.config.v1+json"), ("2", layer_type))
    )
    return ImageDocument(digest=digest(letter), media_type="image", body=b"", kind=DocumentKind.IMAGE, blobs=blobs)


def check(scans: Mapping[str, Scan], threshold: Severity = Severity.HIGH) -> Vulnerabilities:
    async def scan_of(repository: Repository, wanted: Digest) -> Scan:
        return scans[wanted.removeprefix("sha256:")[0]]

    return Vulnerabilities(scan_of, threshold)


async def test_a_clean_image_passes() -> None:
    of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a"))
    assert await found(check({"a": CLEAN}), of) == []


async def test_a_fixable_vulnerability_at_the_threshold_is_found() -> None:
    of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a"))
    scan = attrs.evolve(CLEAN, vulnerabilities=(BAD,))
    assert await found(check({"a": scan}), of) == [
        f"error: gcr.io/staging/app@{digest('a')} has CVE-2026-1 in openssl: high, and a fix is available"
    ]
    assert await found(check({"a": scan}, Severity.CRITICAL), of) == []


async def test_one_that_cannot_be_fixed_passes() -> None:
    of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a"))
    scan = attrs.evolve(CLEAN, vulnerabilities=(attrs.evolve(BAD, fixable=False),))
    assert await found(check({"a": scan}), of) == []


@pytest.mark.parametrize("state", [ScanState.NEVER, ScanState.UNFINISHED, ScanState.FAILED])
async def test_an_image_that_was_not_scanned_is_not_clean(state: ScanState) -> None:
    of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a"))
    (told,) = await found(check({"a": Scan(state=state, vulnerabilities=())}), of)
    assert told.startswith("error: ")
    assert told.endswith(f"is not known to be clean: its scan for vulnerabilities was {state.value}")


async def test_one_that_the_scanner_does_not_support_is_a_warning() -> None:
    of = subject(manifests(manifest(("app", {"a": ["v1"]}))), image("a"))
    (told,) = await found(check({"a": Scan(state=ScanState.UNSUPPORTED, vulnerabilities=())}), of)
    assert told.startswith("warning: ")


async def test_the_images_of_an_index_are_looked_at_and_its_attestations_are_not() -> None:
    children = image("a"), image("b"), image("c", "application/vnd.in-toto+json")
    of = subject(manifests(manifest(("app", {"d": ["v1"]}))), *children, index("d", *children))
    bad = attrs.evolve(CLEAN, vulnerabilities=(BAD,))
    (told,) = await found(check({"a": CLEAN, "b": bad}), of)
    assert digest("b") in told
