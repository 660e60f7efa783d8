"""Promotes container images from a staging registry to production mirrors, as promoter manifests declare it.

The public API; everything is loaded when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cip_async.errors import CipError
    from cip_async.manifests.tree import load_manifests
    from cip_async.model.plan import Plan
    from cip_async.model.promoter_manifest import PromoterManifests
    from cip_async.model.report import Report
    from cip_async.promoter import Promoter
    from cip_async.settings import Settings

__all__ = ["CipError", "Plan", "Promoter", "PromoterManifests", "Report", "Settings", "load_manifests"]

_MODULES: Final = {
    "CipError": "errors",
    "Plan": "model.plan",
    "Promoter": "promoter",
    "PromoterManifests": "model.promoter_manifest",
    "Report": "model.report",
    "Settings": "settings",
    "load_manifests": "manifests.tree",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
