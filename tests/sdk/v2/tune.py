"""A search of two trials, waited for, and its best estimator."""

import sys

from sagemaker.estimator import Estimator
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

from tagline.notebook import connect

(data,) = sys.argv[1:]
connection = connect()
estimator = Estimator(
    image_uri=connection.trainer_image,
    role=connection.role,
    instance_count=1,
    instance_type="ml.m5.xlarge",
    sagemaker_session=connection.session,
)
estimator.set_hyperparameters(
    epochs=1, mini_batch_size=16, image_shape="3,32,32", num_classes=4, network="small"
)
tuner = HyperparameterTuner(
    estimator,
    objective_metric_name="validation:mAP",
    hyperparameter_ranges={"learning_rate": ContinuousParameter(0.001, 0.01)},
    metric_definitions=[{"Name": "validation:mAP", "Regex": "validation:mAP=([0-9.]+)"}],
    max_jobs=2,
    max_parallel_jobs=2,
    base_tuning_job_name="tiny",
)
# without dataset.json labels have numbers for names
tuner.fit({channel: f"{data}/{channel}/" for channel in ("train", "validation")})
tuner.wait()

assert tuner.describe()["HyperParameterTuningJobStatus"] == "Completed"
trials = tuner.analytics().dataframe()
assert len(trials) == 2
assert trials["learning_rate"].between(0.001, 0.01).all()
best = trials.sort_values("FinalObjectiveValue", ascending=False).iloc[0]
assert tuner.best_training_job() == best["TrainingJobName"]
estimator = tuner.best_estimator()
assert float(estimator.hyperparameters()["learning_rate"]) == best["learning_rate"]
assert estimator.model_data.endswith(f"{best['TrainingJobName']}/output/model.tar.gz")

again = HyperparameterTuner.attach(
    tuner.latest_tuning_job.name, sagemaker_session=connection.session
)
assert again.best_training_job() == best["TrainingJobName"]
assert len(again.analytics().tuning_ranges) == 1
