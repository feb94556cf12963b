"""Every file of the data bucket: what it is, who writes it, who reads it (docs/formats.md)."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from tagline.formats import (
    batches,
    costs,
    devices,
    drift,
    edge,
    edge_messages,
    feedback,
    merged,
    models,
    outcomes,
    packed,
    plan,
    ratings,
    recommender_card,
    recommending,
    retraining,
    rows,
    shadow,
    split,
    steps,
    suspects,
    trials,
)
from tagline.formats.batch_keys import BatchKeys, batches_of
from tagline.formats.devices import DeviceKeys
from tagline.formats.edge_keys import EdgeKeys
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.keys import DatasetKeys, RunKeys, partition
from tagline.formats.packed import CHANNELS
from tagline.formats.ratings_keys import RatingsKeys, RatingsRunKeys
from tagline.formats.rows import Side

_DATASET = DatasetKeys("DATASET")
_EDGE = EdgeKeys("DATASET").prefix + "<version>/"
_FEEDBACK = FeedbackKeys("DATASET")
_DEVICES = DeviceKeys("DATASET")
_RATINGS = RatingsKeys("DATASET")
_RUN = RunKeys(f"DATASET-{0:016x}")
_OF_RATINGS = RatingsRunKeys(_RUN.run)
_BATCH = BatchKeys(f"DATASET-{1:016x}")
_BATCHES = batches_of("DATASET")


class Form(StrEnum):
    """How a file holds its values."""

    DOCUMENT = "Document"
    LINES = "JSON Lines"
    ARRAY = "JSON array"
    OTHER = ""  # not JSON


@dataclass(frozen=True)
class File:
    """A file: the pattern of its key, what it is, its form and type, its writers and readers."""

    key: str
    about: str
    writers: str
    readers: str
    form: Form = Form.OTHER
    kinds: tuple[type[msgspec.Struct], ...] = ()


def pattern(key: str) -> str:
    """Return a key of `_DATASET`, `_RUN` or `_BATCH` with the names of all left open."""
    named = key.replace(_RUN.run, "<run>").replace(_BATCH.batch, "<batch>")
    return named.replace(_DATASET.dataset, "<dataset>")


def _document(
    key: str, writers: str, readers: str, *kinds: type[msgspec.Struct], about: str = ""
) -> File:
    said = about or " ".join((kinds[0].__doc__ or "").split())
    return File(pattern(key), said, writers, readers, Form.DOCUMENT, kinds)


def _lines(key: str, about: str, writers: str, readers: str, *kinds: type[msgspec.Struct]) -> File:
    return File(pattern(key), about, writers, readers, Form.LINES, kinds)


def _other(key: str, about: str, writers: str, readers: str, *kinds: type[msgspec.Struct]) -> File:
    return File(pattern(key), about, writers, readers, Form.OTHER, kinds)


_PACKERS = "PackDataset or JoinParts"
OF_STACK = (
    _document(
        costs.PRICES_KEY,
        "you",
        "PlanTraining, RecordOutcome, RecordFailure, `tagline estimate` and `costs`",
        costs.Prices,
        about="Optional: your own prices, which go before those of tagline/pricing/prices.json.",
    ),
    _document(
        outcomes.ALERTS_KEY,
        "RecordFailure, TellFailures",
        "RecordFailure, TellFailures",
        outcomes.Alerts,
    ),
)
_OF_DRIFT = (
    _document(
        _DATASET.drift_hour("<hour>", "<run>-<container>"),
        "the API's function `tag`",
        "WatchDrift, `tagline drift`",
        drift.HourCounts,
    ),
    _document(
        _DATASET.drift_report("<hour>"), "WatchDrift", "the API, `tagline drift`", drift.DriftReport
    ),
    _document(_DATASET.drift_state, "WatchDrift", "WatchDrift, the API", drift.DriftState),
)
_OF_EDGE = (
    _other(
        f"{_EDGE}model.zip",
        "What devices fetch: `manifest.json`, `model.onnx`, `labels.txt`, `model_card.json`, "
        "`smoke.json` and its images in `smoke/`; the same bytes whenever the same is packaged.",
        "PackageEdge",
        "ReleaseEdge, devices",
    ),
    _document("manifest.json in model.zip", "PackageEdge", "devices", edge.EdgeManifest),
    _document("smoke.json in model.zip", "PackageEdge", "devices", edge.EdgeSmoke),
    _document(f"{_EDGE}order.json", "PlanPackage", "PackageEdge", edge.EdgeOrder),
    _document(f"{_EDGE}package.json", "PackageEdge", "ReleaseEdge", edge.EdgePackage),
    _document(
        f"{_EDGE}release.json", "ReleaseEdge, last of all", "people, the API", edge.EdgeRelease
    ),
)
_OF_DEVICES = (
    _document(
        f"{_DEVICES.devices}<device>.json",
        "`tagline device add`, KeepEdgeResults",
        "KeepEdgeResults, the API, `tagline devices`",
        devices.RegisteredDevice,
    ),
    _document(
        f"{_DEVICES.results}<device>/<day>/<sequence>.json",
        "KeepEdgeResults, each once",
        "you",
        edge_messages.EdgeResult,
        about="What a device's model saw in one frame, as it sent it.",
    ),
)
OF_DATASET = (
    _other(
        f"{_DATASET.lists}<name>.lst",
        "A list: `id <tab> label_1 … label_N <tab> path` a row, labels 0 or 1; may be gzip, as "
        "`<name>.lst.gz` too. Each new version of it starts a run. `tried-….lst` is a copy that "
        "`tagline try` made; its metadata says what is tried.",
        "you",
        "PlanDataset",
    ),
    _other(
        f"{_RATINGS.ratings}<name>.csv",
        "Ratings: `user,item[,rating][,timestamp]` a row; may be gzip, as `.csv.gz` too. Each "
        "new version of it starts a run.",
        "you",
        "PlanDataset",
    ),
    _other(
        _RATINGS.items,
        "Optional titles of a recommender's items: `item,title`.",
        "you",
        "PlanDataset",
    ),
    _other(_DATASET.labels, "Tag names, one a line, in column order.", "you", "PlanDataset"),
    _other(
        _DATASET.settings,
        "Optional settings, YAML; the keys are those of `settings` in plan.json.",
        "you",
        "PlanDataset",
    ),
    _other(
        _DATASET.split,
        "The side of the split of every content seen so far. The first line is JSON and names "
        "format, seed and shares; each further line is 16 hexadecimal digits of a content's hash, "
        "a blank and `t`, `v` or, of a test image, `s`, in rising order. What was decided under "
        "other settings follows in the same form (format 2).",
        f"PlanDataset; {_PACKERS}, where near-copies were on two sides",
        "later plans",
        split.SplitHead,
    ),
    _document(
        f"{_FEEDBACK.corrections}<time>-<digest>.json",
        "POST feedback",
        "`tagline feedback`",
        feedback.Correction,
    ),
    _document(
        f"{_FEEDBACK.prefix}last/<digest>.json",
        "POST feedback",
        "POST feedback",
        feedback.LastCorrection,
    ),
    _document(
        f"{_FEEDBACK.clicks}<time>-<digest>.json",
        "POST feedback",
        "`tagline feedback`",
        feedback.Click,
    ),
    _document(
        _FEEDBACK.merged("<sha256>"),
        "`tagline feedback --to-list`, MergeCorrections",
        "PlanDataset, Evaluate",
        merged.Merged,
    ),
    _document(_FEEDBACK.retrain, "MergeCorrections", "MergeCorrections", retraining.Retraining),
    _other(
        f"{_FEEDBACK.images}<sha256>.<ext>",
        "An image that was sent with a correction, PNG, JPEG or WebP.",
        "POST feedback",
        "POST feedback, FetchShards",
    ),
    _other(
        f"{_FEEDBACK.sampled}<day>/<sha256>.<ext>",
        "An image of a tag request; `slots/` beside them holds as many places as the quota says.",
        "POST tags",
        "POST feedback",
    ),
    _document(_FEEDBACK.sample("<day>", "<sha256>", "json"), "POST tags", "you", feedback.Sample),
    _document(_DATASET.packed_run, _PACKERS, "later plans", packed.PackedRuns),
    *(
        _other(
            _DATASET.packed(channel),
            "The newest packed set (RecordIO, as MXNet reads it), a copy of the run's, for "
            "programs of your own; nothing of Tagline reads it.",
            _PACKERS,
            "you",
        )
        for channel in CHANNELS.values()
    ),
    *(
        _other(
            _DATASET.packed(channel, 0),
            "The first of several files of it, where it is longer than `records.file_mib`; those "
            "that the newest set has no more are removed.",
            _PACKERS,
            "you",
        )
        for channel in CHANNELS.values()
    ),
    _other(
        f"{_DATASET.output}<job>/output/model.tar.gz",
        "A trained model: MXNet's files, `model.onnx`, and `model.json`, which is below.",
        "Train or Tune",
        "Evaluate, the endpoint",
    ),
    _other(
        f"{_DATASET.output}<job>/served/model.tar.gz",
        "What serves of a model that the built-in algorithm trained: `model.onnx`, made of its "
        "files, and `model.json`.",
        "Evaluate",
        "the endpoint, a later Evaluate",
    ),
    _document(
        "model.json in model.tar.gz",
        "Train or Tune",
        "Evaluate, the endpoint",
        models.ModelDescription,
        recommending.RecommenderDescription,
        about="What the network is, and how it sees images; or what was trained on ratings.",
    ),
    _document(
        _DATASET.champion,
        "RecordChampion",
        "the API, PlanDataset, PlanEvaluation, DecidePromotion, PlanDeployment, PlanRollBack, "
        "RecordFailure",
        outcomes.Champion,
    ),
    _document(
        _DATASET.kept, "RecordOutcome, RecordFailure", "RecordOutcome, RecordFailure", outcomes.Kept
    ),
    _document(
        _DATASET.latest, "RecordOutcome, RecordFailure", "PlanDataset, the API", outcomes.Latest
    ),
    _document(
        _DATASET.newest,
        "PlanDataset",
        "PlanDataset, DecidePromotion, RecordChampion, PlanRollBack",
        outcomes.Newest,
    ),
    *_OF_DRIFT,
    *_OF_EDGE,
    *_OF_DEVICES,
)
OF_RUN = (
    _document(_RUN.plan, "PlanDataset, last of its files", "everything after", plan.Plan),
    File(
        pattern(_RUN.shards),
        "The shards, in packing order.",
        "PlanDataset",
        "FetchShards, PackParts, JoinParts",
        Form.ARRAY,
        (plan.PlannedShard,),
    ),
    _lines(
        _RUN.images,
        "Which image each of the run's records is made of.",
        "PlanDataset",
        "later plans, Evaluate",
        rows.IndexedImage,
    ),
    _document(_RUN.plan_answer, "PlanInTask", "PlanDataset", steps.PlannedInTask),
    _lines(
        partition(_RUN.images, 0),
        "The first 250,000 of them, where there are more; further partitions follow, and the "
        "first one's metadata tells how many.",
        "PlanDataset",
        "later plans, Evaluate",
        rows.IndexedImage,
    ),
    _lines(
        _RUN.plan_rejects, "The rows that the plan rejected.", "PlanDataset", _PACKERS, rows.Reject
    ),
    _lines(
        _RUN.shard_rows("<shard>"),
        "The rows of a shard, in packing order.",
        "PlanDataset",
        "FetchShards, PackDataset, PackParts",
        rows.PlannedRow,
    ),
    _other(
        _RUN.shard_images("<shard>"),
        "A shard's fetched images: tar, members named by line number; ends by the bucket's "
        "lifecycle rule.",
        "FetchShards",
        "PackDataset, PackParts",
    ),
    _lines(
        _RUN.shard_verdicts("<shard>"),
        "What became of each row of a shard in fetching, in packing order.",
        "FetchShards, after the tar",
        "PackDataset, PackParts",
        rows.FetchVerdict,
    ),
    _lines(
        _RUN.shard_part("<shard>"),
        "The same, of a shard that took longer than one function may run.",
        "FetchShards",
        "FetchShards",
        rows.FetchVerdict,
    ),
    _other(
        _RUN.shard_part_images("<shard>", "<digest>"),
        "The images that those verdicts are about; the digest is theirs.",
        "FetchShards",
        "FetchShards",
    ),
    *(
        _other(
            _RUN.part_records("<part>", side),
            "The records of a packed range of shards, `<first>-<last>`; ends by the bucket's "
            "lifecycle rule.",
            "PackParts",
            "JoinParts",
        )
        for side in Side
    ),
    _lines(
        _RUN.part_verdicts("<part>"),
        "What became of the rows of a part.",
        "PackParts",
        "JoinParts",
        rows.Verdict,
    ),
    _document(_RUN.part("<part>"), "PackParts, last of its files", "JoinParts", packed.Part),
    _lines(
        _RUN.verdicts,
        "What became of every row of the list.",
        f"{_PACKERS}; PlanDataset of ratings",
        "people, Evaluate",
        rows.Verdict,
        ratings.RatingVerdict,
    ),
    _lines(
        partition(_RUN.verdicts, 0),
        "The first 250,000 of them, where there are more; further partitions follow, and the "
        "first one's metadata tells how many.",
        _PACKERS,
        "people, Evaluate",
        rows.Verdict,
    ),
    _lines(
        _RUN.rejects,
        "Every rejected row: accepted + rejected = rows, always.",
        f"{_PACKERS}; PlanDataset where nothing is packed",
        "people, the API, later plans",
        rows.Reject,
    ),
    *(
        _other(
            _RUN.packed(channel),
            "The packed channel (RecordIO, as MXNet reads it).",
            _PACKERS,
            "Train or Tune, Evaluate, later plans",
        )
        for channel in CHANNELS.values()
    ),
    *(
        _other(
            _RUN.packed(channel, 0),
            "The first of several files, where the channel is longer than `records.file_mib`: one "
            "after the other they are the one, and dataset.json tells their sizes and hashes.",
            _PACKERS,
            "Train or Tune, Evaluate, later plans",
        )
        for channel in CHANNELS.values()
    ),
    _document(
        _RUN.packed_dataset,
        f"{_PACKERS}; PlanDataset of ratings",
        "PlanTraining, Train or Tune, Evaluate, PlanEvaluation, the API, later plans",
        packed.PackedDataset,
        ratings.RatingsDataset,
    ),
    *(
        _other(
            _OF_RATINGS.ratings(side),
            "The side's ratings, gzip: `user,item,rating,timestamp`, with a header, the oldest "
            "first.",
            "PlanDataset",
            readers,
        )
        for side, readers in (
            (Side.TRAIN, "Train or Tune, Evaluate"),
            (Side.VALIDATION, "Train or Tune, Evaluate"),
            (Side.TEST, "Evaluate"),
        )
    ),
    _other(
        _OF_RATINGS.items,
        "The accepted items and their titles: `item,title`, with a header.",
        "PlanDataset",
        "Train or Tune, Evaluate",
    ),
    _document(
        f"{_RUN.prefix}histories/<partition>.json.gz",
        "PlanDataset",
        "the API, PlanBatch",
        ratings.Histories,
    ),
    _other(
        _RUN.script,
        "The training script that the run took; only where `training.script` names one.",
        "PlanDataset",
        "Train",
    ),
    _document(
        _RUN.training_plan,
        "PlanTraining",
        "people; Evaluate, of the built-in algorithm's model",
        steps.TrainPlan,
        steps.TunePlan,
        about="What SageMaker is asked to train, and the answer of PlanTraining.",
    ),
    _document(
        _RUN.metrics,
        "Evaluate",
        "DecidePromotion, the API, people",
        models.Metrics,
        recommending.RatingsMetrics,
    ),
    _other(
        _RUN.report,
        "The evaluation, for people: HTML; with what a shadow showed.",
        "Evaluate, WatchShadow",
        "people",
    ),
    _lines(
        _RUN.suspects,
        "Rows whose labels the model doubts, of those that it was not trained on; the most "
        "doubtful first, and at most 10,000.",
        "Evaluate",
        "people, `tagline show --suspects`",
        suspects.Suspect,
    ),
    _document(
        _RUN.model_card, "Evaluate", "people", models.ModelCard, recommender_card.RecommenderCard
    ),
    _document(_RUN.reference, "Evaluate", "WatchDrift", drift.Reference),
    _document(_RUN.smoke, "Evaluate", "SmokeTest", models.Smoke, recommending.RecommenderSmoke),
    _document(_RUN.trials, "PlanEvaluation, of a search", "Evaluate, people", trials.Trials),
    _document(_RUN.decision, "DecidePromotion", "the API, people", outcomes.Decision),
    _other(
        _RUN.captured,
        "What champion and shadow answered, as SageMaker's data capture writes it; no images.",
        "StartShadow",
        "WatchShadow",
    ),
    _document(_RUN.shadow, "WatchShadow", "people", shadow.Shadow),
    _other(
        f"{_RUN.prefix}{{fetch,pack}}-results/",
        "What Step Functions writes of the Distributed Maps' children, in its own form.",
        "FetchShards, PackParts",
        "people",
    ),
    _other(
        _RUN.failure_note("<state>"),
        "Why a container failed, a sentence.",
        "PackDataset, PackParts, JoinParts",
        "RecordFailure",
    ),
    _document(
        _RUN.status,
        "RecordOutcome, RecordFailure; last of all",
        "the API, people",
        outcomes.Status,
    ),
)
OF_BATCHES = (
    _other(
        f"{_BATCHES}<name>.txt",
        "A list of images to tag: a path, or a prefix that ends in / or *, a line; of a `.lst` "
        "the last column counts, of a `.csv` the one called path; may be gzip, as `.txt.gz` too. "
        "Each new version of it is tagged.",
        "you",
        "PlanBatch",
    ),
    _lines(
        f"{_BATCHES}<name>.tags.jsonl",
        "What became of every image of the list, in its order.",
        "PublishBatch",
        "people",
        batches.BatchVerdict,
    ),
    _other(
        f"{_BATCHES}<name>.tags.lst",
        "The tagged images as a list, ready for training; its columns are the champion's labels.",
        "PublishBatch",
        "people",
    ),
    _document(
        f"{_BATCHES}<name>.tags.json", "PublishBatch", "PublishBatch", batches.BatchPublished
    ),
    _document(_BATCH.plan, "PlanBatch, last of its files", "everything after", batches.BatchPlan),
    File(
        pattern(_BATCH.shards),
        "The shards, in the list's order.",
        "PlanBatch",
        "TagShards, PublishBatch",
        Form.ARRAY,
        (batches.BatchShard,),
    ),
    _lines(
        _BATCH.shard_items("<shard>"),
        "The images of a shard.",
        "PlanBatch",
        "TagShards",
        batches.BatchItem,
    ),
    _other(
        _BATCH.shard_rows("<shard>"),
        "A shard's tagged images as rows of a list; ends by the bucket's lifecycle rule.",
        "TagShards",
        "PublishBatch",
    ),
    _lines(
        _BATCH.shard_verdicts("<shard>"),
        "What became of each image of a shard; ends by the bucket's lifecycle rule.",
        "TagShards, last of its files",
        "PublishBatch",
        batches.BatchVerdict,
    ),
    _other(
        f"{_BATCH.prefix}tag-results/",
        "What Step Functions writes of the Distributed Map's children, in its own form.",
        "TagShards",
        "people",
    ),
    _document(
        _BATCH.status,
        "PublishBatch, RecordFailure; last of all",
        "`tagline runs`, people",
        batches.BatchStatus,
    ),
)
FILES = (*OF_STACK, *OF_DATASET, *OF_RUN, *OF_BATCHES)
# of the endpoint, to whoever asks it for scores; what the alerts topic is told; RecordOutcome's
ANSWERS: tuple[type[msgspec.Struct], ...] = (
    models.ImageScores,
    recommending.RecommendRequest,
    recommending.Recommendations,
    models.Refusal,
    outcomes.Alert,
    outcomes.Digest,
    outcomes.Ending,
    drift.DriftAlert,
    edge.EdgeUpdate,
    edge.Statement,
    devices.DeviceConfig,
    edge_messages.EdgeFrame,
    edge_messages.EdgeHealth,
    edge_messages.EdgeState,
)
