"""Hyperparameter tuning jobs: real training jobs, proposed one after another."""

import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from local.sagemaker.errors import SageMakerError, invalid
from local.sagemaker.jobs import STOPPED_WITH_CLOUD, required
from local.sagemaker.metrics import MetricScanner
from local.sagemaker.search import Point, Result, Search, read_search
from local.sagemaker.store import TRAINING, TUNING, Record, Store
from local.sagemaker.training import TrainingJobs
from local.sagemaker.trials import best_first, counters, objective_counters, trial_summary

_MOST_JOBS = 750  # AWS's own limit, for a request without one (Grid)
_LONGEST_S = 30 * 86_400


class TuningJobs:
    """CreateHyperParameterTuningJob and what follows from it."""

    def __init__(self, store: Store, training: TrainingJobs) -> None:
        self._store = store
        self._training = training
        self._stops: dict[str, threading.Event] = {}
        self._closing = False

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a tuning job."""
        config = request["HyperParameterTuningJobConfig"]
        required(
            request,
            "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective",
            "TrainingJobDefinition",
            "TrainingJobDefinition.AlgorithmSpecification.TrainingImage",
            "TrainingJobDefinition.ResourceConfig.InstanceType",
        )
        if config["Strategy"] != "Grid":
            required(config, "ResourceLimits.MaxNumberOfTrainingJobs")
        search = read_search(config)
        definition = request["TrainingJobDefinition"]
        metrics = definition["AlgorithmSpecification"].get("MetricDefinitions", [])
        MetricScanner(metrics)
        objective = config["HyperParameterTuningJobObjective"]["MetricName"]
        if objective not in {item["Name"] for item in metrics}:
            raise invalid(f"objective metric {objective!r} is not among the MetricDefinitions")
        twice = {axis.name for axis in search.axes} & set(
            definition.get("StaticHyperParameters", {})
        )
        if twice:
            raise invalid(f"hyperparameters {sorted(twice)} are both static and in a range")
        name = request["HyperParameterTuningJobName"]
        record = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "HyperParameterTuningJobArn": self._store.arn(TUNING, name),
            "HyperParameterTuningJobStatus": "InProgress",
        }
        arn = self._store.add(TUNING, name, record, request.get("Tags"))
        self._stops[name] = threading.Event()
        threading.Thread(
            target=self._run, args=(name, record, search), name=name, daemon=True
        ).start()
        return {"HyperParameterTuningJobArn": arn}

    def describe(self, name: str) -> Record:
        """Return the record with the trials' counters and the best of them."""
        record = self._store.get(TUNING, name)
        trials = self.trials(name)
        record["TrainingJobStatusCounters"] = counters(trials)
        record["ObjectiveStatusCounters"] = objective_counters(record, trials)
        best = best_first(record, trials)
        if best:
            record["BestTrainingJob"] = trial_summary(record, best[0])
        return record

    def all(self) -> list[Record]:
        """Return what there is to say of every tuning job, its strategy and limits on top."""
        names = [record["HyperParameterTuningJobName"] for record in self._store.all(TUNING)]
        records = [self.describe(name) for name in names]
        return [{**record, **record["HyperParameterTuningJobConfig"]} for record in records]

    def trials(self, name: str) -> list[Record]:
        """Return the records of a tuning job's training jobs, oldest first."""
        arn = self._store.get(TUNING, name)["HyperParameterTuningJobArn"]
        return [job for job in self._store.all(TRAINING) if job.get("TuningJobArn") == arn]

    def stop(self, name: str) -> None:
        """Launch no more trials and stop those that run."""
        with self._store.edit(TUNING, name) as record:
            status = record["HyperParameterTuningJobStatus"]
            if status not in ("InProgress", "Stopping"):
                raise invalid(f"The request was rejected because the tuning job is {status}.")
            record["HyperParameterTuningJobStatus"] = "Stopping"
        self._stops[name].set()
        self._stop_trials(name)

    def fail_interrupted(self) -> None:
        """Close what an earlier run of the cloud left unfinished."""
        for record in self._store.all(TUNING):
            if record["HyperParameterTuningJobStatus"] in ("InProgress", "Stopping"):
                self._finish(record["HyperParameterTuningJobName"], "Failed", STOPPED_WITH_CLOUD)

    def close(self) -> None:
        """Launch no more trials: the cloud stops."""
        self._closing = True
        for stop in self._stops.values():
            stop.set()

    def _run(self, name: str, record: Record, search: Search) -> None:
        ended = False
        try:
            self._search(name, record, search)
            ended = True
        except SageMakerError as exc:  # a trial that SageMaker itself refuses
            self._finish(name, "Failed", f"ClientError: {exc.message}")
            ended = True
        finally:
            if not ended:
                self._finish(name, "Failed", "InternalServerError: the laptop cloud's own failure")

    def _search(self, name: str, record: Record, search: Search) -> None:
        config = record["HyperParameterTuningJobConfig"]
        limits = config["ResourceLimits"]
        most = limits.get("MaxNumberOfTrainingJobs", _MOST_JOBS)
        parallel = min(limits["MaxParallelTrainingJobs"], most)
        deadline = time.monotonic() + limits.get("MaxRuntimeInSeconds", _LONGEST_S)
        stop = self._stops[name]
        results: list[Result] = []
        running: dict[Future[float | None], Point] = {}
        started = 0
        with ThreadPoolExecutor(parallel, thread_name_prefix=name) as pool:
            while True:
                while started < most and len(running) < parallel and not stop.is_set():
                    point = search.propose(results, list(running.values()))
                    if point is None:
                        most = started
                        break
                    started += 1
                    values = search.values(point)
                    running[pool.submit(self._trial, name, record, started, values)] = point
                if not running:
                    break
                left = max(deadline - time.monotonic(), 0)
                done, _ = wait(running, timeout=left, return_when=FIRST_COMPLETED)
                for trial in done:
                    point, value = running.pop(trial), trial.result()
                    if value is not None:
                        results.append((point, value))
                if not done or self._reached(config, results):
                    stop.set()
                    self._stop_trials(name)
                    wait(running)
        self._conclude(name, results)

    def _trial(
        self, tuning: str, record: Record, number: int, values: dict[str, str]
    ) -> float | None:
        """Run one training job; return its objective, higher is better, or None without one."""
        stop = self._stops[tuning]
        if stop.is_set():
            return None
        definition = record["TrainingJobDefinition"]
        objective = record["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
        name = f"{tuning}-{number:03d}-{secrets.token_hex(4)}"
        request = {
            **{key: value for key, value in definition.items() if key != "StaticHyperParameters"},
            "TrainingJobName": name,
            "HyperParameters": {
                **definition.get("StaticHyperParameters", {}),
                **values,
                "_tuning_objective_metric": objective["MetricName"],
            },
        }
        arn = record["HyperParameterTuningJobArn"]
        self._training.create(request, TuningJobArn=arn, _TunedHyperParameters=values)
        if stop.is_set():  # since it was created
            self._stop_trials(tuning)
        best = best_first(record, [self._training.join(name)])
        if not best:
            return None
        value: float = trial_summary(record, best[0])[
            "FinalHyperParameterTuningJobObjectiveMetric"
        ]["Value"]
        return value if objective["Type"] == "Maximize" else -value

    def _reached(self, config: Record, results: list[Result]) -> bool:
        target: float | None = config.get("TuningJobCompletionCriteria", {}).get(
            "TargetObjectiveMetricValue"
        )
        if target is None or not results:
            return False
        maximize = config["HyperParameterTuningJobObjective"]["Type"] == "Maximize"
        best = max(value for _, value in results)
        return best >= target if maximize else -best <= target

    def _stop_trials(self, name: str) -> None:
        for trial in self.trials(name):
            if trial["TrainingJobStatus"] == "InProgress":
                self._training.stop(trial["TrainingJobName"])

    def _conclude(self, name: str, results: list[Result]) -> None:
        record = self._store.get(TUNING, name)
        trials = self.trials(name)
        if self._closing:
            self._finish(name, "Failed", STOPPED_WITH_CLOUD)
        elif record["HyperParameterTuningJobStatus"] == "Stopping":
            self._finish(name, "Stopped")
        elif results:
            self._finish(name, "Completed")
        elif any(trial["TrainingJobStatus"] == "Completed" for trial in trials):
            metric = record["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
            self._finish(
                name, "Failed", f"no training job wrote the metric {metric['MetricName']!r}"
            )
        else:
            reasons = [trial.get("FailureReason", "stopped") for trial in trials]
            self._finish(name, "Failed", f"All training jobs failed. The last: {reasons[-1:]}")

    def _finish(self, name: str, status: str, reason: str = "") -> None:
        with self._store.edit(TUNING, name) as record:
            record["HyperParameterTuningJobStatus"] = status
            record["HyperParameterTuningEndTime"] = time.time()
            if reason:
                record["FailureReason"] = reason
