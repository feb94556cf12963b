"""PlanPackage: what is made of a champion for its dataset's devices, and by which job."""

from datetime import UTC, datetime

from tagline.aws.s3 import Bucket
from tagline.edge.errors import NotReleased
from tagline.formats.edge import EdgeOrder
from tagline.formats.edge_keys import EdgeKeys, edge_version, version_order
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import job_name
from tagline.formats.outcomes import Champion
from tagline.formats.owners import check_champion
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.steps import PackageAnswer
from tagline.jobs.evaluation import output, processing
from tagline.jobs.sagemaker import Stack
from tagline.planning.by_hand import ByHand, by_hand
from tagline.planning.sent import changes, last_sent


def plan_package(bucket: Bucket, run: str, stack: Stack) -> PackageAnswer:
    """Write what is to be packaged, the champion of this moment, and return version and job.

    What went out is never written over: settings that ask for something else get a higher version.
    Raises NotReleased where they do not.
    """
    at = now()  # before the champion is read: whoever is promoted meanwhile gets a higher version
    dataset = RunKeys(run).dataset
    edge = EdgeKeys(dataset)
    champion = bucket.read(DatasetKeys(dataset).champion, Champion)
    check_champion(champion, dataset, bucket.name, stack.name)
    keys, version = RunKeys(champion.run), edge_version(champion.created)
    asked = by_hand(bucket, dataset)
    settings = asked.edge
    if sent := last_sent(bucket, dataset, champion):
        version = _next(sent, asked, edge_version(at))
    order = EdgeOrder(
        dataset=dataset,
        version=version,
        run=champion.run,
        created=champion.created,
        thresholds=asked.thresholds,
        int8=settings.int8,
        promotion=bucket.read(keys.plan, Plan).settings.promotion,
        targets=settings.targets,
        by=settings.by,
    )
    bucket.write(edge.order(version), order)
    inputs = {
        "order": stack.uri(edge.order(version)),
        "model": champion.artifact,
        "metrics": stack.uri(keys.metrics),
        "card": stack.uri(keys.model_card),
        "smoke": stack.uri(keys.smoke),
    }
    size = 0
    if settings.int8:
        packed = bucket.read(keys.packed_dataset, PackedDataset)
        inputs["dataset"] = stack.uri(keys.packed_dataset)
        inputs["validation"] = stack.uri(keys.of("validation/"))
        size = packed.bytes.validation + packed.bytes.test
        if packed.test:
            inputs["test"] = stack.uri(keys.of("test/"))
    request = processing(
        command="package",
        inputs=inputs,
        environment={"TAGLINE_RUN": champion.run},
        outputs=[output("package", stack.uri(edge.folder(version).rstrip("/")), "output")],
        stack=stack,
        size=size,
    )
    # an order brings a run back that was packaged before, by a job that has the run's name
    name = f"{job_name(stack.name, run, 'edge')}-{version.replace('.', '-')}"
    return PackageAnswer(version=version, job_name=name, request=request)


def _next(sent: EdgeOrder, asked: ByHand, version: str) -> str:
    """Return the version that follows one that went out; raises NotReleased where none is to."""
    if not changes(sent, asked):
        raise NotReleased(f"version {sent.version}, of run {sent.run}, went out already")
    if version_order(version) <= version_order(sent.version):
        raise NotReleased(
            f"version {version} is not higher than {sent.version}, which went out: drop the list "
            "again later"
        )
    return version


def now() -> str:
    """Return the time, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat()
