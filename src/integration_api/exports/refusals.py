"""The problems of exports."""

from integration_api.kernel.lifecycle import Guard
from integration_api.kernel.problems import Problem

FINISHED = Guard("export_finished", "Der Export ist nicht fertig.", "The export is not finished.")


class ExportOutdated(Problem, slug="export-outdated"):
    """An access under it has ended, or the rights of the client have changed."""
