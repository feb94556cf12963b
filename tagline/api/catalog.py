"""What the data bucket holds: its datasets and their runs, newest first.

A run's name says nothing of its time, so a listing of runs reads the status of each. A status is
written once, at a run's end, and a container reads it once.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from tagline.api.bucket import Bucket
from tagline.api.problem import bad_request, not_found
from tagline.api.requests import Page
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import DATASET, RUN

_READERS = 16  # S3 answers in some 10 ms; a page of documents is read side by side
_COUNTS = ("rows", "accepted", "rejected", "train", "validation")
_STATUS = ("outcome", "state", "reason", "started", "ended")
_SCORES = ("mAP", "micro_ap", "baseline_map")
_FILES = (
    ("report.html", "text/html; charset=utf-8"),
    ("rejects.jsonl", "text/plain; charset=utf-8"),
    ("verdicts.jsonl", "text/plain; charset=utf-8"),
)
_LAST = "9999"  # sorts a run that has not written its plan yet as the newest


class Catalog:
    """Datasets and runs of one data bucket, as the documents they left say."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._ended: dict[str, dict[str, Any]] = {}

    def datasets(self, page: Page) -> dict[str, Any]:
        """Return one page of the datasets by name, each with a summary of its champion."""
        names = filter(DATASET.fullmatch, self._bucket.folders("", page.after))
        found = list(islice(names, page.limit + 1))
        shown = found[: page.limit]
        with ThreadPoolExecutor(_READERS) as pool:
            champions = list(pool.map(self._champion, shown))
        return {
            "datasets": [
                {"dataset": name, "champion": _summary(champion)}
                for name, champion in zip(shown, champions, strict=True)
            ],
            "next": shown[-1] if len(found) > page.limit else None,
        }

    def dataset(self, dataset: str) -> dict[str, Any]:
        """Return a dataset: champion, labels and row counts of the run judged last, or a 404."""
        self._require(dataset)
        champion = self._champion(dataset)
        latest = self._bucket.document(DatasetKeys(dataset).latest) or champion
        packed = self._of_run(latest["run"], "dataset.json") if latest else None
        return {
            "dataset": dataset,
            "champion": _summary(champion, "reason", "previous", "endpoint"),
            "labels": packed["labels"] if packed else [],
            "counts": _counts(packed),
        }

    def runs(self, dataset: str, page: Page) -> dict[str, Any]:
        """Return one page of a dataset's runs, newest first, or a 404."""
        self._require(dataset)
        runs = self.all_runs(dataset)
        start = 0
        if page.after is not None:
            start = 1 + next((at for at, run in enumerate(runs) if run["run"] == page.after), -1)
            if start == 0:
                raise bad_request("bad_query", "next must be the value an earlier page gave.")
        shown = runs[start : start + page.limit]
        more = len(runs) > start + page.limit
        return {"dataset": dataset, "runs": shown, "next": shown[-1]["run"] if more else None}

    def run(self, run: str) -> dict[str, Any]:
        """Return all that is known of a run, or a 404; what it has not reached is null."""
        keys = RunKeys(run)
        if not self._bucket.holds(keys.prefix):
            raise not_found("unknown_run", f"There is no run {run}.")
        documents = ("plan.json", "dataset.json", "metrics.json", "decision.json")
        with ThreadPoolExecutor(_READERS) as pool:
            read = pool.map(lambda name: self._of_run(run, name), documents)
            links = pool.map(lambda file: self._bucket.link(keys.of(file[0]), file[1]), _FILES)
            plan, packed, metrics, decision = read
            report, rejects, verdicts = links
        return {
            "dataset": keys.dataset,
            **self._status(run),
            "list": _pick(plan["list"], "key", "version_id", "etag") if plan else None,
            "counts": _counts(packed or plan),
            "metrics": _metrics(metrics),
            "decision": decision,
            "report": report,
            "rejects": rejects,
            "verdicts": verdicts,
        }

    def has_dataset(self, dataset: str) -> bool:
        """Tell whether anything lies under a dataset's name."""
        return self._bucket.holds(f"{dataset}/")

    def all_runs(self, dataset: str) -> list[dict[str, Any]]:
        """Return the summaries of all runs of a dataset, newest first."""
        names = filter(RUN.fullmatch, self._bucket.folders(DatasetKeys(dataset).runs))
        with ThreadPoolExecutor(_READERS) as pool:
            runs = list(pool.map(self._status, names))
        return sorted(runs, key=lambda run: (run["started"] or _LAST, run["run"]), reverse=True)

    def _status(self, run: str) -> dict[str, Any]:
        if run not in self._ended:
            status = self._of_run(run, "status.json")
            if status is None:
                begun = self._bucket.written(RunKeys(run).of("plan.json"))
                return {"run": run, **_pick({"state": "Running", "started": begun}, *_STATUS)}
            self._ended[run] = {"run": run, **_pick(status, *_STATUS)}
        return self._ended[run]

    def _champion(self, dataset: str) -> dict[str, Any] | None:
        return self._bucket.document(DatasetKeys(dataset).champion)

    def _of_run(self, run: str, name: str) -> dict[str, Any] | None:
        return self._bucket.document(RunKeys(run).of(name))

    def _require(self, dataset: str) -> None:
        if not self.has_dataset(dataset):
            raise not_found("unknown_dataset", f"There is no dataset {dataset}.")


def _pick(document: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: document.get(name) for name in names}


def _summary(champion: Mapping[str, Any] | None, *more: str) -> dict[str, Any] | None:
    if champion is None:
        return None
    facts = {"run": champion["run"], "mAP": champion["mAP"], "since": champion["created"]}
    return facts | _pick(champion, *more)


def _counts(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return _pick(document, *_COUNTS) if document else None


def _metrics(metrics: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if metrics is None:
        return None
    champion = metrics["champion"]
    return {
        **_pick(metrics, *_SCORES, "images", "labels"),
        "champion": _pick(champion, "run", *_SCORES) if champion else None,
    }
