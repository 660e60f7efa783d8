"""The guards that promises rest on, each with a mutation that removes it and the tests that must then fail."""

from typing import Final

import attrs

_REGISTRY: Final = "tests/service/registry"
_HOSTILE: Final = "tests/hostile"
_OUTCOMES: Final = "tests/unit/planning/test_outcomes.py"


@attrs.frozen
class Mutation:
    """In `file`, `old` becomes `new`; at least one of `tests` fails with it."""

    guard: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _without(guard: str, file: str, condition: str, *tests: str, indent: int = 8) -> Mutation:
    """A guard that is an `if`: its condition never holds."""
    margin = " " * indent
    return Mutation(guard, f"cip_async/{file}", f"\n{margin}if {condition}:\n", f"\n{margin}if False:\n", tests)


MUTATIONS: Final = (
    _without(
        "sources are read-only",
        "registry/guard.py",
        "self.place(repository) in self._sources",
        f"{_REGISTRY}/test_guard.py::test_a_source_gets_no_write_under_any_name_of_its_host",
    ),
    _without(
        "a dry run writes nothing",
        "registry/guard.py",
        "not self.writable",
        f"{_REGISTRY}/test_guard.py::test_a_dry_run_sends_reads_and_token_requests_alone",
    ),
    _without(
        "a write names its repository",
        "registry/guard.py",
        "repository is None",
        "tests/unit/registry/test_guard.py",
    ),
    Mutation(
        "tags and documents come last",
        "cip_async/copying/placement.py",
        "        if node.needs or node.queued or (",
        "        if node.queued or (",
        ("tests/unit/copying/test_placement.py::test_an_image_waits_for_all_its_blobs",),
    ),
    _without(
        "the digest of a relayed blob",
        "copying/spool.py",
        "found != self._blob.digest",
        "tests/hostile/test_documents.py::test_a_blob_of_other_bytes_is_found_out_before_a_mirror_has_all_of_it",
        indent=12,
    ),
    _without(
        "the digest of an image manifest",
        "registry/image_manifests.py",
        "found != digest",
        f"{_REGISTRY}/test_bodies.py::test_a_document_is_asked_for_with_every_type_and_verified",
        indent=4,
    ),
    _without(
        "the digest that a PUT is answered with",
        "registry/image_manifests.py",
        "_same_algorithm(stored, document.digest) and stored != document.digest",
        f"{_REGISTRY}/test_uploads.py::test_a_registry_that_stored_something_else_is_found_out",
        indent=4,
    ),
    Mutation(
        "credentials stay at the origin when a redirect is followed",
        "cip_async/registry/exchanger.py",
        "authorization = authorization if same_origin(url, target) else None",
        "pass",
        (f"{_REGISTRY}/test_redirects.py::test_credentials_do_not_follow_to_another_origin",),
    ),
    Mutation(
        "where a redirect may lead",
        "cip_async/registry/exchanger.py",
        "objection = objection_to_redirect(url, target)",
        "objection = None",
        (f"{_REGISTRY}/test_redirects.py::test_a_public_registry_does_not_lead_us_into_inner_networks",),
    ),
    Mutation(
        "no private address for a stranger's name",
        "cip_async/registry/exchanger.py",
        "to_stranger=supplied_by_host and is_stranger(self._endpoints.origin(request.host), url),",
        "to_stranger=False,",
        (f"{_HOSTILE}/test_addresses.py",),
    ),
    Mutation(
        "where an upload's Location may lead",
        "cip_async/registry/uploads.py",
        "objection = objection_to_location(answer.url, location)",
        "objection = None",
        (f"{_REGISTRY}/test_uploads.py::test_a_location_that_may_not_be_asked_is_refused",),
    ),
    _without(
        "credentials stay at the origin when an upload's Location is elsewhere",
        "registry/transport.py",
        "request.url is not None and not self._at_home(request)",
        f"{_REGISTRY}/test_uploads.py::test_a_location_on_another_origin_gets_the_blob_and_no_credentials",
    ),
    Mutation(
        "where a pagination Link may lead",
        "cip_async/registry/pages.py",
        "objection = objection_to_link(asked, url)",
        "objection = None",
        (f"{_REGISTRY}/test_listing.py::test_a_link_to_somewhere_else_is_not_followed",),
    ),
    Mutation(
        "who may serve tokens",
        "cip_async/registry/credentials/tokens.py",
        "objection = objection_to_realm(origin, realm, self._trusted_realms)",
        "objection = None",
        (f"{_REGISTRY}/test_auth.py::test_another_server_on_this_machine_is_not_the_registrys_token_service",),
    ),
    Mutation(
        "a token is for one host",
        "cip_async/registry/credentials/tokens.py",
        "for token in self._tokens.get((host, _first(scopes)), ()):",
        "for token in [token for tokens in self._tokens.values() for token in tokens]:",
        (f"{_HOSTILE}/test_credentials.py::test_a_token_is_shown_to_its_own_host_alone",),
    ),
    _without(
        "a listing that was cut off is incomplete",
        "registry/listing/google.py",
        "max(len(manifests), len(page.tags), tags, len(page.children)) >= n",
        f"{_REGISTRY}/test_listing.py::test_googles_listing_with_as_many_entries_as_asked_for_is_incomplete",
        indent=4,
    ),
    Mutation(
        "a 404 that no registry gave proves no absence",
        "cip_async/registry/absence.py",
        "        return bool(_decoder.decode(answer.body).errors)\n",
        "        return True\n",
        (f"{_REGISTRY}/test_listing.py::test_a_404_of_a_proxy_makes_no_manifest_absent",),
    ),
    _without(
        "what could not be listed is unknown, not absent",
        "planning/outcomes.py",
        "in_source is None or in_destination is None",
        f"{_OUTCOMES}::test_a_digest_that_a_repository_was_not_asked_for_is_never_taken_for_absent",
        indent=4,
    ),
    Mutation(
        "a tag that points elsewhere is a conflict",
        "cip_async/planning/outcomes.py",
        "return tag not in destination.tags if tag is not None else digest not in destination.digests",
        "return digest != destination.tags.get(tag) if tag is not None else digest not in destination.digests",
        (f"{_OUTCOMES}::test_a_tag_that_points_elsewhere_is_never_moved",),
    ),
    _without(
        "a tag that somebody else wrote meanwhile is not moved",
        "copying/commit.py",
        "head is not None and head.digest != tagging.document.digest",
        "tests/service/copying/test_commit.py",
    ),
    _without(
        "answers have a bound",
        "registry/exchanger.py",
        "expected and len(body) > most",
        f"{_REGISTRY}/test_bodies.py::test_a_manifest_larger_than_allowed_is_not_read",
        f"{_REGISTRY}/test_bodies.py::test_a_listing_larger_than_allowed_is_not_read",
    ),
    _without(
        "streamed bodies have a bound",
        "registry/exchanger.py",
        "opened.leg.received_bytes > most",
        f"{_REGISTRY}/test_bodies.py::test_a_blob_larger_than_declared_is_not_read_on",
        indent=12,
    ),
    Mutation(
        "names of listings are parsed",
        "cip_async/registry/listing/names.py",
        "return tuple(parse_tag(text) for text in texts)",
        "return tuple(Tag(text) for text in texts)",
        (f"{_HOSTILE}/test_names.py::test_a_listed_tag",),
    ),
    Mutation(
        "what is not visible is escaped",
        "cip_async/reporting/printable.py",
        "    if text.isprintable():\n",
        "    if text:\n",
        ("tests/unit/reporting/test_printable.py",),
    ),
    Mutation(
        "logs hold no query and no credential",
        "cip_async/cli/logs.py",
        'return _CREDENTIAL.sub(r"\\1 …", _USER.sub("…@", _QUERY.sub("?…", text)))',
        "return text",
        ("tests/unit/cli/test_logs.py",),
    ),
)
