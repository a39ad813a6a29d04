"""What the wheel carries besides the package: migrations, contract, changelog.

In a checkout they are read from where they are written; an editable install copies nothing.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Folder of the checkout, what to take from it, and where it lies inside the package.
DATA = (
    ("migrations", "**/*.py", "integration_api/_data/migrations"),
    ("migrations", "**/*.sql", "integration_api/_data/migrations"),
    ("migrations", "**/*.mako", "integration_api/_data/migrations"),
    ("openapi", "*.yaml", "integration_api/_data/openapi"),
    ("openapi", "*.json", "integration_api/_data/openapi"),
    ("openapi", "workflows/*.yaml", "integration_api/_data/openapi"),
    (".", "CHANGELOG.md", "integration_api/_data"),
)


class PackageData(BuildHookInterface[Any]):
    """Adds the data files to a wheel that will be installed elsewhere."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files to include, unless the install is editable."""
        if version == "editable":
            return
        for folder, pattern, target in DATA:
            base = Path(self.root) / folder
            for path in sorted(base.glob(pattern)):
                build_data["force_include"][str(path)] = f"{target}/{path.relative_to(base)}"
