"""What checks are called, and their usual limits; loads fast, for whoever only wants to name them."""

from typing import Final

NAMES: Final = ("image-size", "removal", "tag-moves", "layout", "children", "vulnerabilities")
"""The names of all checks."""

EVERYWHERE: Final = tuple(name for name in NAMES if name != "vulnerabilities")
"""Those that need nothing but registries and manifests."""

OFFLINE: Final = frozenset({"removal", "tag-moves", "layout"})
"""Those that look at promoter manifests alone, and ask no registry."""

USUAL_LIMIT_MIB: Final = 2048
"""How large an image may be, in MiB."""

USUAL_THRESHOLD: Final = 4
"""How severe a vulnerability must be to count: high."""
