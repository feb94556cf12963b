"""What a packing task works with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tagline.aws.s3 import Bucket
from tagline.formats.keys import RunKeys
from tagline.formats.plan import Plan, PlannedShard


@dataclass(frozen=True)
class Task:
    """A run in the data bucket, a folder for files, a number of processes, a log to report to."""

    bucket: Bucket
    keys: RunKeys
    folder: Path
    workers: int
    log: TextIO

    def plan(self) -> Plan:
        """Return the run's plan."""
        return self.bucket.read(self.keys.plan, Plan)

    def shards(self) -> list[PlannedShard]:
        """Return the run's shards in packing order."""
        return self.bucket.read_array(self.keys.shards, PlannedShard)
