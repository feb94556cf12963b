"""The processing job that judges challenger and champion on the same images."""

from collections.abc import Mapping, Sequence

from tagline.aws.s3 import Version
from tagline.formats.keys import SERVED, RunKeys
from tagline.formats.names import job_name
from tagline.formats.outcomes import Champion
from tagline.formats.packed import PackedDataset
from tagline.formats.sagemaker import (
    AppSpecification,
    ProcessingInput,
    ProcessingOutput,
    ProcessingOutputs,
    ProcessingRequest,
    ProcessingResources,
    S3Input,
    S3Output,
    StoppingCondition,
)
from tagline.formats.steps import EvaluationAnswer
from tagline.formats.tasks import Task
from tagline.jobs.sagemaker import Stack, cluster

_BASE = "/opt/ml/processing"
LISTED_BYTES = 600  # of a row, in a run's verdicts.jsonl and images.jsonl; of two runs at most
MAX_RUNTIME = 6 * 3600  # seconds; Evaluate's TimeoutSeconds in the state machine is an hour more


def plan_evaluation(
    run: str,
    artifact: str,
    champion: Version[Champion] | None,
    dataset: PackedDataset,
    stack: Stack,
    *,
    confidence: float,
    accuracy: float = 0.95,
    gone: str | None = None,
    searched: bool = False,
    corrections: str | None = None,
    builtin: bool = False,
    lying: Mapping[str, str] | None = None,
) -> EvaluationAnswer:
    """Return the job's base name, who it compares with, and the request's fields.

    `artifact` is the challenger's model.tar.gz (an S3 URI), `champion` who serves at this moment;
    `gone` is a file of its run that is not there any more, without which nobody knows which images
    it was trained on; a run that `searched` has a trials.json,
    and one of a list that `corrections` were merged into a file that tells of them. The model of
    the `builtin` algorithm is converted there: what serves lies beside what was trained.
    `accuracy` is what the reject option of single labels asks for. `lying` tells by key the prefix
    of JSON Lines that lie in partitions.
    """
    keys, lying = RunKeys(run), lying or {}
    inputs = {
        "challenger": artifact,
        "validation": stack.uri(keys.of("validation/")),
        "dataset": stack.uri(keys.packed_dataset),
        # which row of the list each record is
        "verdicts": stack.uri(lying.get(keys.verdicts, keys.verdicts)),
    }
    if dataset.test:
        inputs["test"] = stack.uri(keys.of("test/"))
    if searched:
        inputs["trials"] = stack.uri(keys.trials)
    if corrections:
        inputs["corrections"] = stack.uri(corrections)
    environment = {"TAGLINE_RUN": run, "TAGLINE_CONFIDENCE": f"{confidence:g}"}
    if dataset.task is Task.SINGLE:
        environment["TAGLINE_REJECT_ACCURACY"] = f"{accuracy:g}"
    if champion is not None:
        inputs["champion"] = champion.content.artifact
        environment["TAGLINE_CHAMPION_RUN"] = champion.content.run
        if gone:
            environment["TAGLINE_NOT_COMPARED"] = (
                f"{stack.uri(gone)} is gone, so nobody knows which images it was trained on"
            )
        else:
            inputs["images"] = stack.uri(lying.get(keys.images, keys.images))
            images, verdicts = trained_on(champion.content)
            inputs["champion-images"] = stack.uri(lying.get(images, images))
            inputs["champion-verdicts"] = stack.uri(lying.get(verdicts, verdicts))
    more = []
    if builtin:
        environment["TAGLINE_CONVERTS"] = "builtin"
        inputs["training"] = stack.uri(keys.training_plan)  # which its archive does not tell
        artifact = served_beside(artifact)
        more.append(output("served", artifact.rpartition("/")[0], "served"))
    size = dataset.bytes.validation + dataset.bytes.test + dataset.rows * LISTED_BYTES
    return evaluation(
        run=run,
        artifact=artifact,
        champion=champion,
        inputs=inputs,
        environment=environment,
        stack=stack,
        size=size,
        more=more,
    )


def evaluation(
    *,
    run: str,
    artifact: str,
    champion: Version[Champion] | None,
    inputs: Mapping[str, str],
    environment: Mapping[str, str],
    stack: Stack,
    size: int,
    more: Sequence[ProcessingOutput] = (),
) -> EvaluationAnswer:
    """Return the answer of PlanEvaluation for inputs of a name and an S3 URI each.

    `size` are the bytes of data, for which the machine needs a disk, `more` further outputs.
    """
    # metrics.json and the others join the run's files
    outputs = (output("evaluation", stack.uri(RunKeys(run).prefix.rstrip("/")), "output"), *more)
    return EvaluationAnswer(
        job_name=job_name(stack.name, run, "eval"),
        champion_run=champion.content.run if champion else None,
        champion_etag=champion.etag if champion else None,
        artifact=artifact,
        request=processing(
            command="evaluate",
            inputs=inputs,
            environment=environment,
            outputs=outputs,
            stack=stack,
            size=size,
        ),
    )


def processing(
    *,
    command: str,
    inputs: Mapping[str, str],
    environment: Mapping[str, str],
    outputs: Sequence[ProcessingOutput],
    stack: Stack,
    size: int,
) -> ProcessingRequest:
    """Return the request for a job of the stack's image that carries out a command.

    Inputs are S3 URIs by name; `size` are the bytes of data, for which it needs a disk.
    """
    return ProcessingRequest(
        app_specification=AppSpecification(image_uri=stack.image, container_arguments=(command,)),
        environment=environment,
        processing_inputs=tuple(_input(name, uri) for name, uri in inputs.items()),
        processing_output_config=ProcessingOutputs(outputs=tuple(outputs)),
        processing_resources=ProcessingResources(cluster_config=cluster(stack.instance_type, size)),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=MAX_RUNTIME),
    )


def served_beside(artifact: str) -> str:
    """Return the URI of the archive that serves, made of a model.tar.gz that does not."""
    return f"{artifact.rpartition('/')[0].rpartition('/')[0]}{SERVED}"


def trained_on(champion: Champion) -> tuple[str, str]:
    """Return the keys of the files that tell which images a champion was trained on."""
    keys = RunKeys(champion.run)
    return keys.images, keys.verdicts


def _input(name: str, uri: str) -> ProcessingInput:
    source = S3Input(s3_uri=uri, local_path=f"{_BASE}/input/{name}")
    return ProcessingInput(input_name=name, s3_input=source)


def output(name: str, uri: str, folder: str) -> ProcessingOutput:
    """Return that a folder of the job is copied to an S3 URI at its end."""
    target = S3Output(s3_uri=uri, local_path=f"{_BASE}/{folder}")
    return ProcessingOutput(output_name=name, s3_output=target)
