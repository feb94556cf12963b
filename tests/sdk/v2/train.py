"""A training job of this repository's trainer, waited for with its log, and looked at again."""

import sys

from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

from tagline.notebook import connect

name, data = sys.argv[1:]
connection = connect()
estimator = Estimator(
    image_uri=connection.trainer_image,
    role=connection.role,
    instance_count=1,
    instance_type="ml.m5.xlarge",
    hyperparameters={
        "epochs": 3,
        "learning_rate": 0.004,
        "mini_batch_size": 16,
        "image_shape": "3,32,32",
        "num_classes": 4,
    },
    metric_definitions=[
        {"Name": "train:loss", "Regex": "train:loss=([0-9.]+)"},
        {"Name": "validation:mAP", "Regex": "validation:mAP=([0-9.]+)"},
    ],
    base_job_name="tiny",
    sagemaker_session=connection.session,
)
inputs = {
    channel: TrainingInput(f"{data}/{channel}/", content_type="application/x-recordio")
    for channel in ("train", "validation", "dataset")
}
estimator.fit(inputs, job_name=name, logs=True)

job = estimator.latest_training_job.describe()
assert job["TrainingJobStatus"] == "Completed"
assert job["BillableTimeInSeconds"] >= 1
assert estimator.model_data == f"s3://{connection.bucket}/notebooks/{name}/output/model.tar.gz"
curves = estimator.training_job_analytics.dataframe()
assert set(curves["metric_name"]) == {"train:loss", "validation:mAP"}
assert curves["value"].between(0, 1.5).all()

again = Estimator.attach(name, sagemaker_session=connection.session)
assert again.model_data == estimator.model_data
assert again.hyperparameters()["epochs"] == "3"

# without waiting, and stopped; what is left to say is said by wait()
estimator.set_hyperparameters(epochs=1000)
estimator.fit(inputs, wait=False)
estimator.latest_training_job.stop()
estimator.latest_training_job.wait(logs="None")
assert estimator.latest_training_job.describe()["TrainingJobStatus"] in {"Stopped", "Failed"}
