"""The rows of a run as they travel through the packing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

SPLITS = ("train", "validation")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a shard: `labels` is multi-hot, one character 0 or 1 a label.

    `reuse` is the id of the earlier run's record that has its image already.
    """

    line: int
    identifier: int
    path: str
    labels: str
    split: str
    reuse: int | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the row that a line of `shards/NNNNN.jsonl` holds."""
        row = cls(
            values["line"],
            values["id"],
            values["path"],
            values["labels"],
            values["split"],
            values.get("reuse"),
        )
        if row.split not in SPLITS or set(row.labels) - {"0", "1"}:
            raise ValueError(f"line {row.line}: split {row.split!r}, labels {row.labels[:40]!r}")
        return row

    def accepted(self) -> "Verdict":
        """Return the verdict of a row whose image was packed."""
        return Verdict(self.line, self.identifier, self.path, self.split)

    def rejected(self, reason: str, detail: str) -> "Verdict":
        """Return the verdict of a row that stays out, with its reason code."""
        return Verdict(self.line, self.identifier, self.path, None, reason, detail)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one row of the list; `reason` is None for an accepted one."""

    line: int
    identifier: int | str | None
    path: str | None
    split: str | None = None
    reason: str | None = None
    detail: str | None = None

    @classmethod
    def of_reject(cls, values: Mapping[str, Any]) -> Self:
        """Return the verdict that a line of `plan-rejects.jsonl` holds."""
        return cls(
            values["line"], values["id"], values["path"], None, values["reason"], values["detail"]
        )

    def as_verdict(self) -> dict[str, Any]:
        """Return the line of `verdicts.jsonl`."""
        return {
            "line": self.line,
            "id": self.identifier,
            "path": self.path,
            "verdict": "rejected" if self.reason else "accepted",
            "split": self.split,
            "reason": self.reason,
            "detail": self.detail,
        }

    def as_reject(self) -> dict[str, Any]:
        """Return the line of `rejects.jsonl`."""
        return {
            "line": self.line,
            "id": self.identifier,
            "path": self.path,
            "reason": self.reason,
            "detail": self.detail,
        }
