"""The source system's tuning notebooks: ranges, objective and hyperparameters as they were."""

import sys

import sagemaker
from sagemaker import image_uris
from sagemaker.tuner import (
    CategoricalParameter,
    ContinuousParameter,
    HyperparameterTuner,
    IntegerParameter,
)

from tagline.notebook import connect

labels, data = sys.argv[1:]
OF_LABELS = {
    "334": {"num_training_samples": 116945, "epochs": 5},
    "50": {"num_training_samples": 98378, "epochs": 30},
}
connection = connect()
estimator = sagemaker.estimator.Estimator(
    image_uris.retrieve("image-classification", connection.session.boto_region_name),
    connection.role,
    instance_count=1,
    instance_type="ml.p2.8xlarge",
    sagemaker_session=connection.session,
)
estimator.set_hyperparameters(
    num_classes=int(labels),
    multi_label=1,
    use_weighted_loss=1,
    image_shape="3,96,96",
    augmentation_type="crop_color_transform",
    **OF_LABELS[labels],
)
tuner = HyperparameterTuner(
    estimator,
    "validation:accuracy",
    {
        "learning_rate": ContinuousParameter(0.0001, 0.05),
        "mini_batch_size": IntegerParameter(126, 256),
        "optimizer": CategoricalParameter(["sgd", "adam", "rmsprop", "nag"]),
    },
    objective_type="Maximize",
    max_jobs=2,
    max_parallel_jobs=1,
    base_tuning_job_name=f"labels-{labels}",  # else the SDK names them by the minute
)
channels = {
    name: sagemaker.inputs.TrainingInput(
        f"{data}/{labels}/{name}/", content_type="application/x-recordio"
    )
    for name in ("train", "validation")
}
tuner.fit(channels)
tuner.wait()

trials = tuner.analytics().dataframe()
assert len(trials) == 2
assert trials["FinalObjectiveValue"].between(0, 1).all()
assert tuner.best_estimator().hyperparameters()["num_classes"] == labels
print("ok")
