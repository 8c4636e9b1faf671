"""Build hook: an editable installation gets the two files that make ``lm_eval run --model jeval-hf`` work, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PluginFiles(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            folder = Path(self.root) / "jeval" / "models" / "plugin"
            names = ("jeval_lm_eval.pth", "jeval_lm_eval.py")
            build_data["force_include_editable"] = {str(folder / name): name for name in names}
