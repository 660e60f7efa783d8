"""The switches of one host: in which of the ways that real registries differ it behaves.

They may be changed while the host is being served. The defaults are those of a registry that follows the whole
specification; the presets are registries as they are met.
"""

from typing import Literal

import attrs


@attrs.define(kw_only=True)
class Rules:
    """How a host behaves."""

    listing: Literal["oci", "google"] = "oci"
    """Whether `tags/list` gives names alone, or Google's extension."""
    page_size: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    """The most names of a page, or images of the Artifact Registry API; for Google's listing, the entries given when
    no number is asked for."""
    paginated: bool = True
    """Whether `tags/list` comes in pages; distribution 2.8 gives everything, whatever is asked."""
    links: bool = True
    """Whether a page that is not the last has a `Link`. Without it, the listing is silently cut off."""
    tag_order: Literal["lexical", "reversed", "pushed"] = "lexical"
    """In which order tags are listed; `pushed` is that of their first push."""
    untagged: Literal["empty", "null", "unknown"] = "empty"
    """What a repository without tags lists: `[]`, `null`, or 404."""
    google_unknown: Literal["unknown", "empty"] = "unknown"
    """What Google's listing says of a repository that does not exist: 404 or nothing."""
    several_tags: bool = True
    """Whether `?tag=a&tag=b` on a manifest PUT by digest writes the tags and answers with `OCI-Tag`."""
    immutable_tags: Literal["no", "moves", "all"] = "no"
    """Which writes of a tag that exists are refused: none, to another digest, or all of them."""
    mounts: bool = True
    """Whether blobs are mounted; otherwise every mount opens an upload."""
    mounts_from_anywhere: bool = False
    """Whether a mount may do without `from`, and its `from` need not hold the blob."""
    origin_mounts: Literal["unknown", "opened", "denied", "honoured"] = "unknown"
    """What becomes of a mount that names another host as `origin`, which only Google's hosts know. Where it is unknown
    the blob is looked for on this host; else an upload is opened, the mount is 403, or made if that host has the
    blob."""
    single_post: bool = True
    """Whether `POST …/uploads/?digest=` with a body stores the blob; distribution opens an upload instead."""
    checked_chunks: bool = True
    """Whether a PATCH must continue where the last one ended; distribution 2.8 appends whatever comes."""
    smallest_chunk_bytes: int = 0
    """What `OCI-Chunk-Min-Length` announces; 0 announces nothing."""
    locations: Literal["relative", "nearby", "schemeless", "absolute", "public"] = "relative"
    """How uploads and pages are named: by path, by a path from where was asked, with the authority that was asked and
    no scheme, with the origin that was asked, or with the public name of the host."""
    exact_locations: bool = True
    """Whether an upload's Location must come back character by character, as a signed URL must; not all clients do."""
    strict_accept: bool = True
    """Whether a manifest whose type is not in `Accept` is answered with 404, as distribution does."""
    accept_missing: bool = False
    """Whether manifests are stored although content they refer to is missing."""
    unknown_code: Literal["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"] = "MANIFEST_BLOB_UNKNOWN"
    """What a manifest is refused with when content is missing; Artifact Registry says BLOB_UNKNOWN."""
    unknown_named: bool = True
    """Whether such a refusal names the digests that are missing."""
    largest_manifest_bytes: int = 4 * 1024 * 1024
    """Bytes that a manifest may have; more is 413."""
    most_tags: int = 46
    """Tags that one PUT may have; more is 414. zot's limit."""
    referrers: bool = True
    """Whether the referrers API is there, and `OCI-Subject` says so; otherwise 404."""
    deletes: bool = True
    """Whether manifests, tags and blobs can be deleted; otherwise 405."""
    keeps_uploads: bool = True
    """Whether uploaded blobs can be read again; otherwise they are hashed and dropped."""
    blobs_redirect_to: str | None = None
    """The origin of a host that blob reads are sent to, as registries that keep blobs in a bucket do."""

    @classmethod
    def google(cls) -> "Rules":
        """Artifact Registry and gcr.io."""
        return cls(
            listing="google",
            page_size=1000,
            several_tags=False,
            single_post=False,
            unknown_code="BLOB_UNKNOWN",
            origin_mounts="opened",
        )

    @classmethod
    def distribution(cls) -> "Rules":
        """docker-registry 2.8, as Debian packages it."""
        return cls(
            paginated=False,
            tag_order="pushed",
            untagged="unknown",
            several_tags=False,
            single_post=False,
            checked_chunks=False,
            locations="absolute",
            exact_locations=False,
            referrers=False,
            deletes=False,
        )
