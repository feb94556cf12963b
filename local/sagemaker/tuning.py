"""Hyperparameter tuning jobs: real training jobs, proposed one after another."""

import contextlib
import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from local.sagemaker import capacity, definitions, metrics
from local.sagemaker.errors import SageMakerError, invalid
from local.sagemaker.jobs import STOPPED_WITH_CLOUD, required
from local.sagemaker.search import Search, read_search
from local.sagemaker.store import TRAINING, TUNING, Record, Store
from local.sagemaker.training import TrainingJobs
from local.sagemaker.trials import (
    best_first,
    counters,
    objective,
    objective_counters,
    objective_value,
    trial_summary,
    tried,
)

_MOST_JOBS = 750  # AWS's own limit, for a request without one (Grid)
_LONGEST_S = 30 * 86_400


class TuningJobs:
    """CreateHyperParameterTuningJob and what follows from it."""

    def __init__(self, store: Store, training: TrainingJobs) -> None:
        self._store = store
        self._training = training
        self._stops: dict[str, threading.Event] = {}
        self._closing = False
        self._judging = threading.Lock()
        training.on_metrics = self._heard

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a tuning job."""
        config = request["HyperParameterTuningJobConfig"]
        required(
            request,
            "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective",
            "TrainingJobDefinition",
            "TrainingJobDefinition.AlgorithmSpecification.TrainingImage",
        )
        if config["Strategy"] != "Grid":
            required(config, "ResourceLimits.MaxNumberOfTrainingJobs")
        definitions.check(request["TrainingJobDefinition"])
        training = definitions.training_of(request["TrainingJobDefinition"])
        required(training, "ResourceConfig.InstanceType")
        capacity.check({"StoppingCondition": {}, **training})
        algorithm = training["AlgorithmSpecification"]
        metrics.check(algorithm)
        counts = objective(request)["MetricName"]
        if counts not in {item["Name"] for item in metrics.definitions(algorithm)}:
            raise invalid(f"objective metric {counts!r} is not among the MetricDefinitions")
        name = request["HyperParameterTuningJobName"]
        record = {
            **{key: value for key, value in request.items() if key != "Tags"},
            "TrainingJobDefinition": definitions.described(
                request["TrainingJobDefinition"], counts
            ),
            "HyperParameterTuningJobArn": self._store.arn(TUNING, name),
            "HyperParameterTuningJobStatus": "InProgress",
            "_Seed": config.get("RandomSeed", secrets.randbits(32)),
        }
        read_search(record)
        arn = self._store.add(TUNING, name, record, request.get("Tags"))
        self._stops[name] = threading.Event()
        threading.Thread(target=self._run, args=(name, record), name=name, daemon=True).start()
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

    def _run(self, name: str, record: Record) -> None:
        ended = False
        try:
            self._search(name, record)
            ended = True
        except SageMakerError as exc:  # a trial that SageMaker itself refuses
            self._finish(name, "Failed", f"ClientError: {exc.message}")
            ended = True
        finally:
            if not ended:
                self._finish(name, "Failed", "InternalServerError: the laptop cloud's own failure")

    def _search(self, name: str, record: Record) -> None:
        limits = record["HyperParameterTuningJobConfig"]["ResourceLimits"]
        most = limits.get("MaxNumberOfTrainingJobs", _MOST_JOBS)
        parallel = min(limits["MaxParallelTrainingJobs"], most)
        deadline = time.monotonic() + limits.get("MaxRuntimeInSeconds", _LONGEST_S)
        running: set[Future[Record]] = set()
        with ThreadPoolExecutor(parallel, thread_name_prefix=name) as pool:
            while True:
                while len(running) < parallel and (trial := self._launch(name, record, most)):
                    running.add(pool.submit(self._training.join, trial))
                if not running:
                    break
                left = max(deadline - time.monotonic(), 0)
                done, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
                if not done or self._reached(name, record):
                    self._stops[name].set()
                    self._stop_trials(name)
                    wait(running)
        self._conclude(name)

    def _launch(self, tuning: str, record: Record, most: int) -> str | None:
        """Start the next training job and return its name, or None when there is none to start."""
        trials = self.trials(tuning)
        if self._stops[tuning].is_set() or len(trials) >= most:
            return None
        search = read_search(record)
        values = search.propose([tried(record, trial) for trial in trials])
        if values is None:
            return None
        definition = record["TrainingJobDefinition"]
        name = f"{tuning}-{len(trials) + 1:03d}-{secrets.token_hex(4)}"
        request = {
            **definitions.training_of(definition),
            "TrainingJobName": name,
            "HyperParameters": {
                **definition.get("StaticHyperParameters", {}),
                **values,
            },
        }
        own: Record = {
            "TuningJobArn": record["HyperParameterTuningJobArn"],
            "_TuningJobName": tuning,
            "_TunedHyperParameters": values,
        }
        if search.watches:
            own["_Values"] = []  # of the objective, one an epoch
        self._training.create(request, **own)
        if self._stops[tuning].is_set():  # since it was created
            self._stop_trials(tuning)
        return name

    def _heard(self, name: str, metrics: list[tuple[str, float]]) -> None:
        """Keep the objective's values of a trial that is watched; stop it if it is given up."""
        trial = self._store.get(TRAINING, name)
        if "_Values" not in trial:
            return
        tuning = self._store.get(TUNING, trial["_TuningJobName"])
        search = read_search(tuning)
        for metric, value in metrics:
            if metric == objective(tuning)["MetricName"]:
                with self._judging:
                    self._judge(search, name, value)

    def _judge(self, search: Search, name: str, value: float) -> None:
        with self._store.edit(TRAINING, name, persist=False) as trial:
            if trial["TrainingJobStatus"] != "InProgress":
                return
            trial["_Values"].append(value)
            tuning = trial["_TuningJobName"]
        trials = self.trials(tuning)
        names = [trial["TrainingJobName"] for trial in trials]
        values = [trial["_Values"] for trial in trials]
        done = [i for i, each in enumerate(trials) if each["TrainingJobStatus"] == "Completed"]
        number = names.index(name)
        exhausted = search.exhausted(values[number])
        if exhausted or search.gives_up(values, number, done):
            self._store.update(TRAINING, name, _Pruned=not exhausted)
            self._stop_trial(name)

    def _reached(self, name: str, record: Record) -> bool:
        target: float | None = (
            record["HyperParameterTuningJobConfig"]
            .get("TuningJobCompletionCriteria", {})
            .get("TargetObjectiveMetricValue")
        )
        best = best_first(record, self.trials(name))[:1]
        value = objective_value(record, best[0]) if best else None
        if target is None or value is None:
            return False
        return value >= target if objective(record)["Type"] == "Maximize" else value <= target

    def _stop_trials(self, name: str) -> None:
        for trial in self.trials(name):
            if trial["TrainingJobStatus"] == "InProgress":
                self._stop_trial(trial["TrainingJobName"])

    def _stop_trial(self, name: str) -> None:
        with contextlib.suppress(SageMakerError):  # it has ended meanwhile
            self._training.stop(name)

    def _conclude(self, name: str) -> None:
        record = self._store.get(TUNING, name)
        trials = self.trials(name)
        if self._closing:
            self._finish(name, "Failed", STOPPED_WITH_CLOUD)
        elif record["HyperParameterTuningJobStatus"] == "Stopping":
            self._finish(name, "Stopped")
        elif best_first(record, trials):
            self._finish(name, "Completed")
        elif any(trial["TrainingJobStatus"] == "Completed" for trial in trials):
            metric = objective(record)["MetricName"]
            self._finish(name, "Failed", f"no training job wrote the metric {metric!r}")
        else:
            reasons = [trial.get("FailureReason", "stopped") for trial in trials]
            self._finish(name, "Failed", f"All training jobs failed. The last: {reasons[-1:]}")

    def _finish(self, name: str, status: str, reason: str = "") -> None:
        with self._store.edit(TUNING, name) as record:
            record["HyperParameterTuningJobStatus"] = status
            record["HyperParameterTuningEndTime"] = time.time()
            if reason:
                record["FailureReason"] = reason
