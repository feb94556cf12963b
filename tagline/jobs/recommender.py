"""The jobs of a dataset of ratings: what containers/recommender is asked to train and to judge."""

from tagline.aws.s3 import CSV, Version
from tagline.formats.instances import has_gpu
from tagline.formats.keys import RunKeys
from tagline.formats.outcomes import Champion
from tagline.formats.ratings import RatingsDataset
from tagline.formats.ratings_keys import RatingsRunKeys
from tagline.formats.rows import Side
from tagline.formats.sagemaker import (
    AlgorithmSpecification,
    MetricDefinition,
)
from tagline.formats.settings import Settings
from tagline.formats.steps import EvaluationAnswer, TrainPlan, TunePlan
from tagline.jobs.evaluation import evaluation
from tagline.jobs.limits import Spending, TooExpensive, asked_by
from tagline.jobs.requesting import Requesting
from tagline.jobs.sagemaker import Stack, channel
from tagline.jobs.searching import search, text
from tagline.settings.kinds import LEARNING

OBJECTIVE = "validation:ndcg_at_10"
_NUMBER = r"([0-9.]+)"
METRICS = (
    MetricDefinition(name="train:loss", regex=f"train:loss={_NUMBER}"),
    MetricDefinition(name=OBJECTIVE, regex=f"{OBJECTIVE}={_NUMBER}"),
    MetricDefinition(name="epoch", regex=r"epoch=([0-9]+)"),
)
_EPOCHS = 100  # that Hyperband gives at most where nobody says how many


def plan_recommender(
    run: str,
    dataset: RatingsDataset,
    settings: Settings,
    stack: Stack,
    *,
    role: str,
    spending: Spending,
) -> TrainPlan | TunePlan:
    """Return the request of Train or Tune; raises TooExpensive.

    `role` is the ARN that the trials of a search run as. What is not named in dataset.yaml the
    container chooses.
    """
    spending.check(settings, stack.instance_type)
    _check_machine(settings.training.instance_type, stack.instance_type)
    hyperparameters = _hyperparameters(run, settings)
    sought = None
    if settings.tuning:
        epochs = settings.training.epochs or _EPOCHS
        seed = settings.training.seed
        sought = search(settings.tuning, seed, epochs, OBJECTIVE, epochs + 1)
    files, asked = RatingsRunKeys(run), Requesting(run, settings, stack)
    job = asked.job(
        AlgorithmSpecification(training_image=stack.image, metric_definitions=METRICS),
        (
            channel("train", stack.uri(files.channel(Side.TRAIN)), CSV),
            channel("validation", stack.uri(files.channel(Side.VALIDATION)), CSV),
            channel("items", stack.uri(files.items_channel), CSV),
        ),
        dataset.bytes.train + dataset.bytes.validation,
    )
    return asked.plan(job, hyperparameters, sought, role)


def _check_machine(wanted: str | None, otherwise: str) -> None:
    kind = wanted or otherwise
    if has_gpu(kind):
        name = asked_by("training.instance_type", wanted, "TrainingInstanceType")
        raise TooExpensive(
            f"{name}: {kind} has a GPU, which a recommender does not train on, so it would be paid "
            "for in vain: name a CPU type such as ml.c5.4xlarge"
        )


def _hyperparameters(run: str, settings: Settings) -> dict[str, str]:
    training, own = settings.training, settings.recommender
    named = {name: getattr(training, name) for name in LEARNING}
    named |= {name: getattr(own, name) for name in ("regularization", "age_decay", "hidden")}
    return {
        "algorithm": own.algorithm,
        **{name: text(value) for name, value in named.items() if value is not None},
        "seed": str(training.seed),
        "max_runtime": str(training.max_runtime),
        "run": run,
    }


def plan_comparison(
    run: str,
    artifact: str,
    champion: Version[Champion] | None,
    dataset: RatingsDataset,
    stack: Stack,
    *,
    confidence: float,
    searched: bool = False,
) -> EvaluationAnswer:
    """Return the request of Evaluate: challenger and champion for the same users.

    `artifact` is the challenger's model.tar.gz (an S3 URI), `champion` who serves at this moment;
    a run that `searched` has a trials.json.
    """
    keys, files = RunKeys(run), RatingsRunKeys(run)
    inputs = {
        "challenger": artifact,
        **{side.value: stack.uri(files.channel(side)) for side in Side},
        "items": stack.uri(files.items_channel),
    }
    environment = {"TAGLINE_RUN": run, "TAGLINE_CONFIDENCE": f"{confidence:g}"}
    if searched:
        inputs["trials"] = stack.uri(keys.trials)
    if champion is not None:
        inputs["champion"] = champion.content.artifact
        environment["TAGLINE_CHAMPION_RUN"] = champion.content.run
    size = dataset.bytes.train + dataset.bytes.validation + dataset.bytes.test
    return evaluation(
        run=run,
        artifact=artifact,
        champion=champion,
        inputs=inputs,
        environment=environment,
        stack=stack,
        size=size,
    )
