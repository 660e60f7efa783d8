"""What checks are called, and their usual limits; loads fast, for whoever only wants to name them."""

from typing import Final

NAMES: Final = ("image-size", "removal", "tag-moves", "layout", "children")
"""The names of all checks."""

OFFLINE: Final = frozenset({"removal", "tag-moves", "layout"})
"""Those that look at promoter manifests alone, and ask no registry."""

USUAL_LIMIT_MIB: Final = 2048
"""How large an image may be, in MiB."""
