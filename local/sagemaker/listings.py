"""List operations: filter, order, page."""

from dataclasses import dataclass
from typing import Any

from local.sagemaker import shapes
from local.sagemaker.errors import invalid
from local.sagemaker.store import Record

_PAGE = 10  # SageMaker's default
_TIMES = {"After": 1, "Before": -1}
_OBJECTIVE = "FinalObjectiveMetricValue"


@dataclass(frozen=True)
class Listing:
    """How the API lists resources of which `noun` is the word: `<noun>Name`, `<noun>Status`.

    `entries` is the answer's member and `summary` the structure of one entry; the rest are the
    operation's defaults.
    """

    noun: str
    entries: str
    summary: str
    sort_by: str = "CreationTime"
    sort_order: str = "Descending"

    def page(self, records: list[Record], request: dict[str, Any]) -> Record:
        """Return the operation's answer: one page of summaries and the token of the next."""
        by = request.get("SortBy", self.sort_by)
        keyed = [
            (self._key(by, record), record) for record in records if self._matches(record, request)
        ]
        found = [item for item in keyed if item[0] is not None]
        descending = request.get("SortOrder", self.sort_order) == "Descending"
        found.sort(key=lambda item: item[0], reverse=descending)
        start = _offset(request)
        end = start + request.get("MaxResults", _PAGE)
        entries = [shapes.members_of(self.summary, record) for _, record in found[start:end]]
        return {self.entries: entries, "NextToken": str(end) if end < len(found) else None}

    def _key(self, by: str, record: Record) -> Any:
        if by == _OBJECTIVE:  # trials without one are not listed
            return record.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
        return record["CreationTime" if by == "CreationTime" else self.noun + by]

    def _matches(self, record: Record, request: dict[str, Any]) -> bool:
        wanted = request.get("StatusEquals")
        if wanted is not None and record[f"{self.noun}Status"] != wanted:
            return False
        if request.get("NameContains", "").lower() not in record[f"{self.noun}Name"].lower():
            return False
        for time in ("CreationTime", "LastModifiedTime"):
            for word, sign in _TIMES.items():
                bound = request.get(time + word)
                if bound is not None and sign * (record[time] - float(bound)) < 0:
                    return False
        return True


TRAINING_JOBS = Listing(
    "TrainingJob", "TrainingJobSummaries", "TrainingJobSummary", sort_order="Ascending"
)
TRIALS = Listing(
    "TrainingJob",
    "TrainingJobSummaries",
    "HyperParameterTrainingJobSummary",
    sort_by="Name",
    sort_order="Ascending",
)
TUNING_JOBS = Listing(
    "HyperParameterTuningJob",
    "HyperParameterTuningJobSummaries",
    "HyperParameterTuningJobSummary",
    sort_by="Name",
    sort_order="Ascending",
)
PROCESSING_JOBS = Listing(
    "ProcessingJob", "ProcessingJobSummaries", "ProcessingJobSummary", sort_order="Ascending"
)
TRANSFORM_JOBS = Listing("TransformJob", "TransformJobSummaries", "TransformJobSummary")
MODELS = Listing("Model", "Models", "ModelSummary")
ENDPOINT_CONFIGS = Listing("EndpointConfig", "EndpointConfigs", "EndpointConfigSummary")
ENDPOINTS = Listing("Endpoint", "Endpoints", "EndpointSummary")


def _offset(request: dict[str, Any]) -> int:
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise invalid(f"NextToken {token[:80]!r} is not one that was given out")
    return int(token)
