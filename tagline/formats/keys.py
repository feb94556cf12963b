"""What lies where in the data bucket: the one place that spells an object key."""

from dataclasses import dataclass

from tagline.formats.names import check_dataset, dataset_of_run
from tagline.formats.rows import Side

MAX_LABELS_BYTES = 4 << 20  # of labels.txt
MAX_SETTINGS_BYTES = 64 << 10  # of dataset.yaml
NOTEBOOKS = "notebooks/"  # what jobs that people make by SageMaker's SDK write lies below it
TRAINED = "/output/model.tar.gz"
"""What the key of a training job's model ends with: SageMaker's choice."""
SERVED = "/served/model.tar.gz"
"""What the key of the archive that serves in its place ends with, where there is one."""


@dataclass(frozen=True)
class DatasetKeys:
    """Keys that belong to a dataset, whatever the run."""

    dataset: str

    def __post_init__(self) -> None:
        check_dataset(self.dataset)

    @property
    def labels(self) -> str:
        """Tag names, one a line, in column order."""
        return f"{self.dataset}/labels.txt"

    @property
    def settings(self) -> str:
        """Optional settings of the dataset."""
        return f"{self.dataset}/dataset.yaml"

    @property
    def lists(self) -> str:
        """Prefix of the list files."""
        return f"{self.dataset}/lists/"

    @property
    def runs(self) -> str:
        """Prefix of all runs."""
        return f"{self.dataset}/runs/"

    @property
    def champion(self) -> str:
        """Which run serves now, and why it won."""
        return f"{self.dataset}/champion.json"

    @property
    def latest(self) -> str:
        """The newest run that was judged, with the fingerprint of what went into it."""
        return f"{self.dataset}/latest.json"

    @property
    def newest(self) -> str:
        """The run of the list that was dropped last."""
        return f"{self.dataset}/newest.json"

    @property
    def split(self) -> str:
        """The side of the split that every image seen so far is on."""
        return f"{self.dataset}/split.txt"

    @property
    def packed_run(self) -> str:
        """Which runs' packed sets are the newest complete ones."""
        return f"{self.dataset}/packed.json"

    @property
    def kept(self) -> str:
        """Which runs' large files are kept, and which are on their way out."""
        return f"{self.dataset}/kept.json"

    @property
    def output(self) -> str:
        """Prefix under which SageMaker writes `<job>/output/model.tar.gz`."""
        return f"{self.dataset}/output/"

    @property
    def start(self) -> str:
        """Prefix of weights that a person lets a training start from."""
        return f"{self.dataset}/start/"

    @property
    def scripts(self) -> str:
        """Prefix of training scripts of a person's own."""
        return f"{self.dataset}/scripts/"

    @property
    def drift(self) -> str:
        """Prefix of what is known of drift."""
        return f"{self.dataset}/drift/"

    @property
    def drift_state(self) -> str:
        """Which report of drift is the last, and what was told."""
        return f"{self.drift}last.json"

    @property
    def drift_hours(self) -> str:
        """Prefix of what was counted while tagging, an hour a folder."""
        return f"{self.drift}hours/"

    def drift_hour(self, hour: str, counts: str) -> str:
        """Return the key of what was counted within an hour, of a run by a container."""
        return f"{self.drift_hours}{hour}/{counts}.json"

    def drift_report(self, hour: str) -> str:
        """Return the key of the report of an hour."""
        return f"{self.drift}{hour}.json"

    def packed(self, channel: str, number: int | None = None) -> str:
        """Return the key of the newest packed set of a channel (training, validation or test).

        A `number`, from 0, is that of one of several files.
        """
        return f"{self.dataset}/{_folder(channel)}{record_name(channel, number)}"

    def packed_folder(self, channel: str) -> str:
        """Return the prefix of a channel's newest record files, however many they are."""
        return f"{self.dataset}/{_folder(channel)}"


@dataclass(frozen=True)
class RunKeys:
    """Keys of one run; everything a run writes before it is published lies under `prefix`."""

    run: str

    def __post_init__(self) -> None:
        dataset_of_run(self.run)

    @property
    def dataset(self) -> str:
        """The dataset the run belongs to."""
        return dataset_of_run(self.run)

    @property
    def prefix(self) -> str:
        """Prefix of all of the run's objects."""
        return f"{self.dataset}/runs/{self.run}/"

    def of(self, name: str) -> str:
        """Return the key of a file of the run, such as `plan.json` or `metrics.json`."""
        return f"{self.prefix}{name}"

    @property
    def plan(self) -> str:
        """What the run works on."""
        return self.of("plan.json")

    @property
    def plan_answer(self) -> str:
        """What a container task that planned the run answers."""
        return self.of("plan-answer.json")

    @property
    def script(self) -> str:
        """The training script that the run took, where it is a person's own."""
        return self.of("script/sourcedir.tar.gz")

    @property
    def shards(self) -> str:
        """The shards (a JSON array, which the Maps read)."""
        return self.of("shards.json")

    @property
    def plan_rejects(self) -> str:
        """The rows that the plan rejected."""
        return self.of("plan-rejects.jsonl")

    @property
    def rejects(self) -> str:
        """Every rejected row."""
        return self.of("rejects.jsonl")

    @property
    def verdicts(self) -> str:
        """What became of every row."""
        return self.of("verdicts.jsonl")

    @property
    def packed_dataset(self) -> str:
        """What is known of the packed dataset."""
        return self.of("dataset.json")

    @property
    def training_plan(self) -> str:
        """What SageMaker is asked to train."""
        return self.of("training.json")

    @property
    def trials(self) -> str:
        """What the trials of a search came to."""
        return self.of("trials.json")

    @property
    def metrics(self) -> str:
        """How good the challenger is."""
        return self.of("metrics.json")

    @property
    def smoke(self) -> str:
        """What a fresh endpoint must reproduce."""
        return self.of("smoke.json")

    @property
    def report(self) -> str:
        """The evaluation, for people."""
        return self.of("report.html")

    @property
    def suspects(self) -> str:
        """Rows whose labels the model doubts."""
        return self.of("suspects.jsonl")

    @property
    def reference(self) -> str:
        """The validation images' scores and files, counted."""
        return self.of("reference.json")

    @property
    def model_card(self) -> str:
        """The model, for people who want to rely on it."""
        return self.of("model_card.json")

    @property
    def decision(self) -> str:
        """Whether the challenger is promoted."""
        return self.of("decision.json")

    @property
    def shadow(self) -> str:
        """How the challenger answered beside the champion before it served."""
        return self.of("shadow.json")

    @property
    def captured(self) -> str:
        """Prefix of what both answered meanwhile, as SageMaker captures it."""
        return self.of("shadow/")

    @property
    def status(self) -> str:
        """How the run ended."""
        return self.of("status.json")

    @property
    def images(self) -> str:
        """Which image each of the run's records is made of (JSON Lines)."""
        return self.of("images.jsonl")

    def failure_note(self, state: str) -> str:
        """Return the key of what a container left to explain that a state failed."""
        return self.of(f"failures/{state}.txt")

    def shard_rows(self, shard: str) -> str:
        """Return the key of a shard's rows (JSON Lines, in packing order)."""
        return self.of(f"shards/{shard}.jsonl")

    def shard_images(self, shard: str) -> str:
        """Return the key of a shard's fetched images (tar, members named by line number)."""
        return self.of(f"shards/{shard}.tar")

    def shard_verdicts(self, shard: str) -> str:
        """Return the key of a shard's verdicts (JSON Lines, one per row, in packing order)."""
        return self.of(f"shards/{shard}.verdicts.jsonl")

    def shard_part(self, shard: str) -> str:
        """Return the key of the verdicts on a shard that is not done yet."""
        return self.of(f"shards/{shard}.part.jsonl")

    def shard_part_images(self, shard: str, digest: str) -> str:
        """Return the key of the images that verdicts of this digest are about."""
        return self.of(f"shards/{shard}.part-{digest}.tar")

    @property
    def checkpoints(self) -> str:
        """Prefix of what training leaves to go on from."""
        return self.of("checkpoints/")

    @property
    def parts(self) -> str:
        """Prefix of what several packing tasks leave, each in its part's folder."""
        return self.of("parts/")

    def part(self, part: str) -> str:
        """Return the key of what is known of a packed part, written last."""
        return f"{self.parts}{part}/part.json"

    def part_verdicts(self, part: str) -> str:
        """Return the key of the verdicts on a part's rows (JSON Lines)."""
        return f"{self.parts}{part}/verdicts.jsonl"

    def part_records(self, part: str, side: Side) -> str:
        """Return the key of a part's records of one side of the split."""
        return f"{self.parts}{part}/{side}.rec"

    def packed(self, channel: str, number: int | None = None) -> str:
        """Return the key of the run's packed channel (training, validation or test).

        A `number`, from 0, is that of one of several files.
        """
        return self.of(f"{_folder(channel)}{record_name(channel, number)}")

    def packed_folder(self, channel: str) -> str:
        """Return the prefix of the run's record files of a channel, however many they are."""
        return self.of(_folder(channel))


_STEMS = {"training": "train", "validation": "val", "test": "test"}


def record_name(channel: str, number: int | None = None) -> str:
    """Return what a channel's record file is called: its only one, or `number` of several."""
    return f"{_STEMS[channel]}.rec" if number is None else f"{_STEMS[channel]}-{number:05}.rec"


def partition(key: str, number: int) -> str:
    """Return the key of a partition, from 0, of a document too long for one object."""
    stem, dot, ending = key.rpartition(".")
    return f"{stem}-{number:05}{dot}{ending}"


def _folder(channel: str) -> str:
    return f"{channel}/"
