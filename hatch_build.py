"""Writes into wheels and source archives which commit they were built from; `cip version` tells it.

`CIP_BUILD_COMMIT` and `CIP_BUILD_DATE` say so where git cannot be asked, as in the build of a container image.
"""

import importlib.util
import json
import os
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class OriginHook(BuildHookInterface[Any]):
    """Adds the record of the origin, unless the sources came with one. An editable install asks git each time."""

    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Find the origin and add it to what is built."""
        package = Path(self.root) / "cip_async"
        told = _module(package / "cli" / "origin.py")
        if version == "editable" or told.recorded(package):
            return
        environ = os.environ
        origin = told.given(environ.get("CIP_BUILD_COMMIT", ""), environ.get("CIP_BUILD_DATE", ""))
        origin = origin or told.of_checkout(Path(self.root))
        if origin is not None:
            self._folder = tempfile.TemporaryDirectory()
            record = Path(self._folder.name) / told.RECORD
            record.write_text(json.dumps(origin._asdict()) + "\n", encoding="utf-8")
            build_data["force_include"][str(record)] = f"cip_async/{told.RECORD}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the file that was added."""
        del version, build_data, artifact_path
        if self._folder is not None:
            self._folder.cleanup()


def _module(path: Path) -> ModuleType:
    """A module by its path: its package cannot be imported before its dependencies are installed."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
