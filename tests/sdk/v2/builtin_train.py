"""The source system's training notebooks, their hyperparameters as they were; an endpoint of it."""

import json
import sys

import sagemaker
from sagemaker import image_uris
from sagemaker.inputs import TrainingInput
from sagemaker.predictor import Predictor
from sagemaker.serializers import IdentitySerializer

from tagline.notebook import connect

labels, data, image = sys.argv[1:]
OF_LABELS = {
    "334": {"num_training_samples": 116945, "learning_rate": 0.001, "epochs": 5},
    "50": {"num_training_samples": 98378, "learning_rate": 0.00001, "epochs": 30},
}
connection = connect()
estimator = sagemaker.estimator.Estimator(
    image_uris.retrieve("image-classification", connection.session.boto_region_name),
    connection.role,
    instance_count=1,
    instance_type="ml.p3.2xlarge",
    volume_size=50,
    max_run=360000,
    input_mode="File",
    sagemaker_session=connection.session,
)
estimator.set_hyperparameters(
    num_classes=int(labels),
    multi_label=1,
    use_weighted_loss=1,
    image_shape="3,96,96",
    augmentation_type="crop_color_transform",
    mini_batch_size=256,
    optimizer="adam",
    **OF_LABELS[labels],
)
channels = {
    name: TrainingInput(
        f"{data}/{labels}/{name}/",
        distribution="FullyReplicated",
        content_type="application/x-recordio",
        s3_data_type="S3Prefix",
    )
    for name in ("train", "validation")
}
estimator.fit(inputs=channels, logs=True)

job = estimator.latest_training_job.describe()
assert [metric["MetricName"] for metric in job["FinalMetricDataList"]] == [
    "train:accuracy",
    "validation:accuracy",
]
told = [each["StatusMessage"] for each in job["SecondaryStatusTransitions"]]
assert any("image-classification is emulated by tagline/trainer" in each for each in told), told
curves = estimator.training_job_analytics.dataframe()
assert set(curves["metric_name"]) == {"train:accuracy", "validation:accuracy"}

if labels == "334":
    predictor = estimator.deploy(
        initial_instance_count=1,
        instance_type="ml.m4.xlarge",
        serializer=IdentitySerializer("application/x-image"),
    )
    assert isinstance(predictor, Predictor)
    try:
        with open(image, "rb") as file:  # noqa: PTH123 - as notebooks write it
            scores = json.loads(predictor.predict(file.read()))
        assert len(scores) == int(labels)
        assert all(0 <= score <= 1 for score in scores)
    finally:
        predictor.delete_model()
        predictor.delete_endpoint()
print("ok")
