"""What a hostile registry can try, where it was tried before, and the one test that shows what becomes of it.

Each case is a name, the public reports of it, and a test that speaks to a real server through the real client. Most are
in this folder; where a part of the client has its own tests of how it deals with servers that follow no rule, the case
names the one that is about it. `test_cases` checks that each test exists, and that none of this folder is left out.
"""

from typing import Final

import attrs

_HERE: Final = "tests/hostile"
_REGISTRY: Final = "tests/service/registry"
_COPYING: Final = "tests/service/copying"


@attrs.frozen
class Case:
    """One thing to try; `reports` are public, and `test` is the node of a test.

    `stake` is what there would be if it got what it tries for: something `leaked` (credentials), or something `wrong`.
    """

    name: str
    reports: str
    test: str
    stake: str = "wrong"


CASES: Final = (
    # --- redirects ---
    Case(
        "a redirect to another host takes the credentials along",
        "GHSA-vh4v-2xq2-g5cg",
        f"{_REGISTRY}/test_redirects.py::test_credentials_do_not_follow_to_another_origin",
        stake="leaked",
    ),
    Case(
        "a redirect to another port takes the credentials along",
        "GHSA-vh4v-2xq2-g5cg",
        f"{_REGISTRY}/test_redirects.py::test_the_port_is_part_of_the_origin",
        stake="leaked",
    ),
    Case(
        "credentials that were left behind come back with the way home",
        "GHSA-vh4v-2xq2-g5cg",
        f"{_REGISTRY}/test_redirects.py::test_credentials_once_left_behind_do_not_come_back",
        stake="leaked",
    ),
    Case(
        "redirects without an end",
        "CWE-835",
        f"{_REGISTRY}/test_redirects.py::test_five_redirects_are_followed_and_no_more",
    ),
    Case(
        "a redirect to another scheme, or with a user name",
        "CWE-601",
        f"{_REGISTRY}/test_redirects.py::test_a_redirect_to_what_may_not_be_asked_is_refused",
    ),
    Case(
        "a redirect to an inner address, or on plain HTTP",
        "CWE-918",
        f"{_REGISTRY}/test_redirects.py::test_a_public_registry_does_not_lead_us_into_inner_networks",
    ),
    Case("a redirect of a write", "CWE-601", f"{_REGISTRY}/test_redirects.py::test_a_redirected_write_is_refused"),
    Case(
        "a redirect of a token request",
        "GHSA-28r5-37g7-p6mp",
        f"{_REGISTRY}/test_redirects.py::test_a_redirected_token_request_is_refused",
        stake="leaked",
    ),
    Case(
        "a redirect to a name that resolves to an inner address",
        "google/go-containerregistry#2440",
        f"{_HERE}/test_addresses.py::test_a_redirect_to_a_name_of_an_inner_address_is_not_followed",
    ),
    # --- realms ---
    Case(
        "a realm on another domain, on plain HTTP, or at a loopback, link-local or metadata address",
        "GHSA-28r5-37g7-p6mp, GHSA-xf85-363p-868w, CVE-2026-33990, google/go-containerregistry#2193",
        f"{_REGISTRY}/test_auth.py::test_a_realm_that_the_registry_may_not_name_gets_nothing",
        stake="leaked",
    ),
    Case(
        "a realm at another port of this machine",
        "google/go-containerregistry#2243",
        f"{_REGISTRY}/test_auth.py::test_another_server_on_this_machine_is_not_the_registrys_token_service",
        stake="leaked",
    ),
    Case(
        "credentials or tokens of one registry are shown to another",
        "CVE-2026-59891",
        f"{_HERE}/test_credentials.py::test_a_token_is_shown_to_its_own_host_alone",
        stake="leaked",
    ),
    # --- Location and Link ---
    Case(
        "an upload's Location on another origin gets the credentials",
        "GHSA-jxpm-75mh-9fp7, google/go-containerregistry#2295",
        f"{_REGISTRY}/test_uploads.py::test_a_location_on_another_origin_gets_the_blob_and_no_credentials",
        stake="leaked",
    ),
    Case(
        "an upload's Location on another origin asks for credentials",
        "GHSA-jxpm-75mh-9fp7",
        f"{_REGISTRY}/test_uploads.py::test_a_location_on_another_origin_cannot_ask_for_credentials",
        stake="leaked",
    ),
    Case(
        "an upload's Location at an inner address, on plain HTTP, or in another repository",
        "GHSA-jxpm-75mh-9fp7",
        f"{_REGISTRY}/test_uploads.py::test_a_location_that_may_not_be_asked_is_refused",
    ),
    Case(
        "an upload's Location at a name that resolves to an inner address",
        "google/go-containerregistry#2440",
        f"{_HERE}/test_addresses.py::test_an_upload_to_a_name_of_an_inner_address_is_not_sent",
    ),
    Case(
        "a pagination Link to another origin or path",
        "google/go-containerregistry#2332, CVE-2026-50163",
        f"{_REGISTRY}/test_listing.py::test_a_link_to_somewhere_else_is_not_followed",
    ),
    Case(
        "a pagination Link that leads to itself",
        "google/go-containerregistry#2332",
        f"{_REGISTRY}/test_listing.py::test_a_link_that_leads_to_itself_is_incomplete",
    ),
    # --- bodies ---
    Case(
        "a body without an end, or of a size that is declared and absurd",
        "GHSA-f36w-mj3v-6jqv, google/go-containerregistry#2296",
        f"{_HERE}/test_bodies.py::test_an_endless_body_is_left_at_its_bound",
    ),
    Case(
        "a token without an end",
        "google/go-containerregistry#2328",
        f"{_HERE}/test_bodies.py::test_an_endless_token_is_left_at_its_bound",
    ),
    Case(
        "an image manifest of 100 MB",
        "google/go-containerregistry#2296",
        f"{_HERE}/test_bodies.py::test_an_image_manifest_of_100_megabytes_is_left_at_the_usual_bound",
    ),
    Case("a gzip bomb", "CWE-409", f"{_HERE}/test_bodies.py::test_a_gzip_bomb_is_not_unpacked"),
    Case(
        "JSON that nests 100,000 deep",
        "CWE-674",
        f"{_HERE}/test_bodies.py::test_json_that_nests_too_deep_is_no_answer",
    ),
    Case(
        "a token answer that nests too deep",
        "CWE-674",
        f"{_HERE}/test_bodies.py::test_a_token_answer_that_nests_too_deep_is_no_token",
    ),
    Case(
        "a 404 whose error cannot be read",
        "CWE-674",
        f"{_HERE}/test_bodies.py::test_a_body_that_nests_too_deep_proves_no_absence",
    ),
    # --- documents ---
    Case(
        "an index that is an image manifest too, or that is served as one",
        "CVE-2021-41190, GHSA-mc8v-mgrf-8f4m",
        f"{_HERE}/test_documents.py::test_a_document_must_be_one_thing_and_that_as_which_it_is_served",
    ),
    Case(
        "a schema 1 manifest under another type",
        "GHSA-mc8v-mgrf-8f4m",
        f"{_HERE}/test_documents.py::test_schema_1_under_any_type_is_refused",
    ),
    Case(
        "an index that names itself",
        "CWE-674",
        f"{_HERE}/test_documents.py::test_an_index_that_names_itself_has_not_the_digest_it_is_asked_by",
    ),
    Case(
        "indexes within indexes",
        "CWE-674",
        f"{_COPYING}/test_documents.py::test_indexes_may_nest_as_deep_as_the_limit_and_no_deeper",
    ),
    Case(
        "an index of 100,000 children",
        "CWE-770",
        f"{_HERE}/test_documents.py::test_an_index_of_100_000_children_leads_to_no_further_request",
    ),
    Case(
        "a foreign layer with a URL that gets the credentials",
        "CVE-2020-15157, GHSA-742w-89gc-8m9c, CVE-2026-49349, google/go-containerregistry#2293",
        f"{_HERE}/test_documents.py::test_the_urls_of_foreign_layers_are_never_asked",
        stake="leaked",
    ),
    # --- digests ---
    Case(
        "an image manifest that is another than was asked for",
        "CVE-2025-24882, GO-2024-3038",
        f"{_REGISTRY}/test_bodies.py::test_a_document_is_asked_for_with_every_type_and_verified",
    ),
    Case(
        "a child of an index that is another than the index names",
        "CVE-2025-24882",
        f"{_HERE}/test_documents.py::test_a_child_of_other_bytes_reaches_no_mirror_and_nor_does_its_index",
    ),
    Case(
        "a blob of other bytes",
        "CVE-2025-24882",
        f"{_HERE}/test_documents.py::test_a_blob_of_other_bytes_is_found_out_before_a_mirror_has_all_of_it",
    ),
    Case(
        "a HEAD that names another digest than it was asked for",
        "CVE-2025-24882",
        f"{_REGISTRY}/test_listing.py::test_something_else_under_a_digest_is_neither_there_nor_absent",
    ),
    Case(
        "a PUT whose answer names another digest",
        "CVE-2025-24882",
        f"{_REGISTRY}/test_uploads.py::test_a_registry_that_stored_something_else_is_found_out",
    ),
    # --- names ---
    Case("a tag that climbs, hides or injects", "CVE-2024-3727", f"{_HERE}/test_names.py::test_a_listed_tag"),
    Case("such a child of a listing", "CVE-2024-3727", f"{_HERE}/test_names.py::test_a_listed_child"),
    Case(
        "such a repository of the catalog",
        "CVE-2024-3727",
        f"{_HERE}/test_names.py::test_a_repository_of_the_catalog",
    ),
    Case("such a digest of a listing", "CVE-2024-3727", f"{_HERE}/test_names.py::test_a_digest_of_a_listing"),
    Case(
        "such a digest of an image manifest",
        "CVE-2024-3727",
        f"{_HERE}/test_names.py::test_a_digest_of_an_image_manifest",
    ),
    Case(
        "such a name in a push of Pub/Sub", "CVE-2024-3727", f"{_HERE}/test_names.py::test_a_name_in_a_push_of_pub_sub"
    ),
    Case(
        "such a name in a promoter manifest",
        "CVE-2024-3727",
        f"{_HERE}/test_manifest_names.py::test_a_name_of_a_promoter_manifest",
    ),
    # --- what is shown ---
    Case("terminal escapes in a promotion", "CWE-150", f"{_HERE}/test_escapes.py::test_a_promotion"),
    Case("terminal escapes in a listing", "CWE-150", f"{_HERE}/test_escapes.py::test_a_listing"),
    Case("terminal escapes in tables and differences", "CWE-150", f"{_HERE}/test_escapes.py::test_doctor_and_diff"),
    Case(
        "terminal escapes and commands in annotations",
        "CWE-150",
        f"{_HERE}/test_escapes.py::test_what_a_scanner_says_in_annotations",
    ),
    Case("terminal escapes in the auditor's log", "CWE-150", f"{_HERE}/test_escapes.py::test_the_auditor"),
    Case(
        "secrets in what a promotion says and writes",
        "CWE-532",
        f"{_HERE}/test_secrets.py::test_a_promotion",
        stake="leaked",
    ),
    Case("secrets in what listings say", "CWE-532", f"{_HERE}/test_secrets.py::test_a_listing", stake="leaked"),
    Case("secrets in what doctor says", "CWE-532", f"{_HERE}/test_secrets.py::test_doctor", stake="leaked"),
    Case("secrets in what an edit says", "CWE-532", f"{_HERE}/test_secrets.py::test_an_edit", stake="leaked"),
    Case(
        "secrets in an endpoint",
        "CWE-532",
        f"{_HERE}/test_secrets.py::test_an_endpoint_with_a_password",
        stake="leaked",
    ),
    Case("secrets in the traceback of a crash", "CWE-209", f"{_HERE}/test_secrets.py::test_a_crash", stake="leaked"),
    Case("secrets in the auditor's log", "CWE-532", f"{_HERE}/test_secrets.py::test_the_auditor", stake="leaked"),
    Case("secrets in a git URL", "CWE-532", f"{_HERE}/test_secrets.py::test_a_git_url_with_a_password", stake="leaked"),
)
