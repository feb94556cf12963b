"""A run's training or tuning request, whatever trains: one job, or a search with such trials."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import asdict

from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import job_name
from tagline.formats.sagemaker import (
    AlgorithmSpecification,
    Channel,
    Checkpoints,
    Job,
    OutputData,
    Search,
    StoppingCondition,
    TrainingRequest,
    Trial,
    TuningRequest,
)
from tagline.formats.settings import Settings
from tagline.formats.steps import TrainPlan, TunePlan
from tagline.jobs.sagemaker import LONGEST_STATE, SLACK, Stack, cluster
from tagline.jobs.searching import given


@dataclass(frozen=True)
class Requesting:
    """What the requests of one run have in common."""

    run: str
    settings: Settings
    stack: Stack

    def job(
        self, algorithm: AlgorithmSpecification, channels: tuple[Channel, ...], data_bytes: int
    ) -> Job:
        """Return the job on this much data, as the settings of `training` and the stack say."""
        training, keys = self.settings.training, RunKeys(self.run)
        return Job(
            algorithm_specification=algorithm,
            input_data_config=channels,
            output_data_config=OutputData(
                s3_output_path=self.stack.uri(DatasetKeys(keys.dataset).output)
            ),
            resource_config=cluster(
                training.instance_type or self.stack.instance_type,
                data_bytes,
                training.instance_count,
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=training.max_runtime,
                max_wait_time_in_seconds=self._longest if training.spot else None,
            ),
            enable_managed_spot_training=training.spot,
            checkpoint_config=Checkpoints(s3_uri=self.stack.uri(keys.checkpoints)),
        )

    def plan(
        self, job: Job, hyperparameters: Mapping[str, str], search: Search | None, role: str
    ) -> TrainPlan | TunePlan:
        """Return Train's plan, or Tune's by a `search`, whose trials run as the ARN `role`."""
        fields, name = asdict(job), self.stack.name
        seconds = min(self._longest + SLACK, LONGEST_STATE)
        tuning = self.settings.tuning
        if tuning is None or search is None:
            return TrainPlan(
                job_name=job_name(name, self.run, "train"),
                timeout=seconds,
                request=TrainingRequest(hyper_parameters=dict(hyperparameters), **fields),
            )
        rounds = math.ceil(tuning.max_jobs / tuning.max_parallel_jobs)
        searched = given(tuning.ranges)
        fixed = {key: value for key, value in hyperparameters.items() if key not in searched}
        return TunePlan(
            job_name=job_name(name, self.run, "tune"),
            timeout=min(rounds * seconds, LONGEST_STATE),
            request=TuningRequest(
                hyper_parameter_tuning_job_config=search,
                training_job_definition=Trial(
                    static_hyper_parameters=fixed, role_arn=role, **fields
                ),
            ),
        )

    @property
    def _longest(self) -> int:
        """Seconds that a job may take; one on spot capacity waits as long as it runs."""
        training = self.settings.training
        return training.max_runtime * (2 if training.spot else 1)
