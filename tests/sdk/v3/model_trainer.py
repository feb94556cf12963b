"""Version 3: a training job with its log, a search, and an endpoint of what it found."""

import json
import sys
from pathlib import Path

from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.resources import EndpointConfig, TrainingJob
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData
from sagemaker.train.tuner import HyperparameterTuner

from tagline.notebook import connect

name, data, image = sys.argv[1:]
stack = connect()
trainer = ModelTrainer(
    training_image=stack.trainer_image,
    role=stack.role,
    sagemaker_session=stack.session,
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1, volume_size_in_gb=30),
    hyperparameters={
        "epochs": 1,
        "learning_rate": 0.004,
        "mini_batch_size": 16,
        "image_shape": "3,32,32",
        "num_classes": 4,
    },
    base_job_name=name,
)
inputs = [
    InputData(channel_name=channel, data_source=f"{data}/{channel}/")
    for channel in ("train", "validation", "dataset")
]
trainer.train(input_data_config=inputs, wait=True, logs=True)
job = trainer._latest_training_job
assert job.training_job_status == "Completed"
assert job.output_data_config.s3_output_path == f"s3://{stack.bucket}/notebooks/{name}"

tuner = HyperparameterTuner(
    model_trainer=trainer,
    objective_metric_name="validation:mAP",
    metric_definitions=[{"Name": "validation:mAP", "Regex": "validation:mAP=([0-9.]+)"}],
    hyperparameter_ranges={"learning_rate": ContinuousParameter(0.001, 0.01)},
    max_jobs=2,
    max_parallel_jobs=2,
    base_tuning_job_name=name,
)
tuner.tune(inputs=inputs, wait=True)
assert tuner.describe().hyper_parameter_tuning_job_status == "Completed"
assert len(tuner.analytics().dataframe()) == 2
best = TrainingJob.get(tuner.best_training_job())

builder = ModelBuilder(
    image_uri=stack.trainer_image,
    s3_model_data_url=best.model_artifacts.s3_model_artifacts,
    role_arn=stack.role,
    sagemaker_session=stack.session,
)
model = builder.build(model_name=name)
endpoint = builder.deploy(
    endpoint_name=name, initial_instance_count=1, instance_type="ml.m5.xlarge"
)
try:
    reply = endpoint.invoke(body=Path(image).read_bytes(), content_type="image/jpeg")
    assert len(json.loads(reply.body.read())["scores"]) == 4
finally:
    config = EndpointConfig.get(endpoint.endpoint_config_name)
    endpoint.delete()
    config.delete()
    model.delete()
