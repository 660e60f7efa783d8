"""How much an inventory holds."""

import attrs


@attrs.frozen(kw_only=True)
class Counts:
    """`names` are repositories with images, `digests` counts each digest once wherever it is, `rows` are lines of CSV.

    `images` counts each digest once for each repository, and `tags` the tags of all of them; a digest without a tag is
    a row too.
    """

    names: int
    images: int
    digests: int
    tags: int
    rows: int
