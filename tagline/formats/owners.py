"""Whose a document is: the names in it are followed only where they are its own dataset's."""

from tagline.formats.document import UnreadableDocument
from tagline.formats.keys import DatasetKeys
from tagline.formats.kinds import Kind
from tagline.formats.locations import parse_uri
from tagline.formats.names import RUN, endpoint_name, former_endpoint_name, run_of_job
from tagline.formats.outcomes import Champion
from tagline.formats.reasons import UnusableList


def owns_run(dataset: str, run: str) -> bool:
    """Return whether a run's name is one of a dataset's."""
    match = RUN.fullmatch(run)
    return match is not None and match["dataset"] == dataset


def check_run(dataset: str, run: str, where: str) -> None:
    """Raise UnreadableDocument for a run that is none of the dataset's; `where` names it."""
    if not owns_run(dataset, run):
        raise UnreadableDocument(f"{where}: run {run!r:.80} is none of dataset {dataset}")


def serving_endpoint(stack: str, dataset: str, champion: Champion | None) -> str:
    """Return the endpoint that serves a dataset: a champion's former one is kept and updated."""
    former = former_endpoint_name(stack, dataset)
    if champion is not None and champion.endpoint == former:
        return former
    return endpoint_name(stack, dataset)


def check_champion(champion: Champion, dataset: str, bucket: str, stack: str) -> None:
    """Raise UnreadableDocument where champion.json names what is another dataset's."""
    keys = DatasetKeys(dataset)
    where = f"s3://{bucket}/{keys.champion}"
    check_run(dataset, champion.run, where)
    if champion.endpoint != serving_endpoint(stack, dataset, champion):
        raise UnreadableDocument(
            f"{where}: endpoint {champion.endpoint!r:.80} is not dataset {dataset}'s"
        )
    for name in (champion.endpoint_config, champion.model):
        if run_of_job(stack, dataset, name) != champion.run:
            raise UnreadableDocument(f"{where}: {name!r:.80} was not made by run {champion.run}")
    artifact = parse_uri(champion.artifact)
    if artifact is None or artifact.bucket != bucket or not artifact.key.startswith(keys.output):
        raise UnreadableDocument(
            f"{where}: artifact {champion.artifact!r:.200} is none of dataset {dataset}'s models"
        )


def check_kind_of(champion: Champion | None, kind: Kind) -> None:
    """Raise UnusableList where the champion is of the other kind of datasets: no gate compares."""
    if champion is not None and champion.kind is not kind:
        raise UnusableList(
            f"the dataset's champion, run {champion.run}, is of {champion.kind}, and {kind} were "
            "dropped: drop them under the name of another dataset"
        )
