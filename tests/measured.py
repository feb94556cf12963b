"""Coverage of processes whose environment a test makes itself."""

import os


def measured() -> dict[str, str]:
    """Return the variable by which coverage, where it measures, follows into a process."""
    name = "COVERAGE_PROCESS_CONFIG"
    return {name: os.environ[name]} if name in os.environ else {}
