"""The figures by which a run is told beforehand, each with what it rests on.

Limits that are our own are imported from the modules that keep them; those of the templates are
held against them by a test.
"""

from dataclasses import dataclass
from typing import Literal

from tagline.planning import room
from tagline.pricing.forecast import Rates

Mark = Literal["measured", "computed", "assumed"]
"""measured: on the laptop, for runs as large; computed: from that, from the code or from what AWS
says; assumed: nobody has measured it."""

_MIB = 1 << 20
_RATES = Rates()  # by which a run is priced, too
_BENCH = "docs/benchmarks.md, Many rows on the laptop cloud"
_JOIN = "docs/benchmarks.md, Joining"
_ALONE = "docs/benchmarks.md, Planning alone"
_TABLES = "containers/im2rec/plan/tables.py"
_TRAINER = "containers/trainer/data.py"


@dataclass(frozen=True)
class Figure:
    """A number, how it is known, and where it stands."""

    value: float
    mark: Mark
    source: str


# What PlanDataset holds, bytes: 86 MiB at 10,000 rows of 334 labels, 135 at 40,000, 280 at 155,000,
# 1,303 at 1,000,000, which was measured apart. A row keeps a byte a label, twice: as it was read,
# and as it is planned.
_PLAN = f"1,303 MB at 1,000,000 x 334 rows; to 155,000 rows {_BENCH}"
PLAN_START = Figure(room.START_BYTES, "measured", _PLAN)
PLAN_ROW = Figure(room.ROW_BYTES, "measured", _PLAN)
PLAN_LABEL = Figure(
    room.LABEL_BYTES, "computed", "tagline/listing/rows.py and tagline/formats/rows.py"
)
PLAN_MARGIN = Figure(
    room.MARGIN, "assumed", "paths, ids and label names longer than those measured"
)

PLANNED = Figure(_RATES.planned, "measured", f"9,394 rows/s of 155,000 x 334 rows: {_BENCH}")
TASK_PLANNED = Figure(_RATES.task_planned, "measured", f"8,271 rows/s of 1,000,000 x 334: {_ALONE}")
TASK_MEMORY = Figure(700 * _MIB, "measured", f"811 MiB at 1,000,000 x 334 rows: {_ALONE}")
TASK_ENGINE = Figure(100, "computed", f"{_TABLES}: bytes a row of the engine; more is spilled")
TASK_ENGINE_MOST = Figure(6 << 30, "computed", f"{_TABLES}: bytes of the engine")
TASK_ROW = Figure(
    16, "computed", f"{_TABLES}: a hash and a side of each content; and a bit a label"
)
TASK_DISK = Figure(500, "computed", f"{_TABLES}: bytes a row; 207 of tables measured, and spills")
PAGE = Figure(1000, "computed", "S3: keys of a page of a listing")
LISTED = Figure(
    _RATES.listed / PAGE.value,
    "assumed",
    "pages/s of S3, eight at a time; 40 ms of CPU each are in PLANNED",
)
FETCHED = Figure(_RATES.fetched, "assumed", "images/s a call; 296 by each of four on the laptop")
PACKED = Figure(
    _RATES.packed,
    "assumed",
    "images of 100 kB/s a task of 4 vCPUs; 1,377 of 82 kB by two processes on the laptop",
)
PACKED_SMALL = Figure(
    _RATES.packed_small, "measured", f"images of 1 kB/s; 4,144 on two cores: {_BENCH}"
)
JOINED = Figure(_RATES.joined, "measured", f"10,000 rows/s: {_BENCH}; 13,500 by CPU: {_JOIN}")
LOADED = Figure(100e6, "assumed", "bytes/s of File mode, before training begins")
FAST_READ = Figure(8 << 20, "assumed", "bytes of a read of FastFile mode, in each epoch")
LEARNED = Figure(
    _RATES.learned, "assumed", "images of 96 pixels/s; 450 measured on 2 cores, 8 take 4 times"
)
JUDGED = Figure(_RATES.judged, "assumed", "images/s by a model on 4 vCPUs")
TASK_START = Figure(_RATES.task_start, "assumed", "seconds until a Fargate task begins")
JOB_START = Figure(_RATES.job_start, "assumed", "seconds until a SageMaker job's machine begins")
RELEASED = Figure(600, "assumed", "seconds in which an endpoint is made or changed")

# Up to which it was measured
MEMORY_ROWS, TIME_ROWS, TASK_ROWS, JOIN_ROWS = 1_000_000, 155_000, 1_000_000, 1_000_000
MEASURED_LABELS = 334
# up to which it was measured

JOIN_START = Figure(200 * _MIB, "measured", _JOIN)
JOIN_ROW = Figure(440, "measured", f"603 MiB at 1,000,000 rows, 272 at 200,000: {_JOIN}")
TRAIN_START = Figure(1 << 30, "assumed", "engine, network and batches of a training machine")
TRAIN_ROW = Figure(27, "computed", f"{_TRAINER}: offset, id and, once, a hash; an eighth more")
TRAIN_LABEL = Figure(1.125, "computed", f"{_TRAINER}: a byte a label, an eighth more")
TRAIN_DECODED = Figure(0.25, "computed", f"{_TRAINER}: the share of memory for decoded images")
TRAIN_CACHE = Figure(8 << 30, "computed", f"{_TRAINER}: bytes of them at most")
BUFFER = Figure(8192, "computed", "containers/trainer/streaming.py: images of a shuffle buffer")
JUDGE_ROW = Figure(1700, "measured", "bytes of a judged row's verdict and likeness, 100,000 rows")
JUDGE_LABEL = Figure(8, "computed", "float32 scores of challenger and champion a label")
IMAGE_BYTES = Figure(100_000, "assumed", "--image-kb says it; photos of 0.8 megapixels have 82 kB")
JPEG_BYTES = Figure(6_000, "assumed", "96 pixels, quality 95: twice the 3.1 kB of packed drawings")
RECORD_LABEL = Figure(4, "computed", "tagline/formats/recordio.py: a float32 a label")
RECORD_START = Figure(36, "computed", "tagline/formats/recordio.py: frame, header and padding")
SHARD_ITEM = Figure(56, "computed", "shards.json: a shard's name, rows and bytes")
SHARD_FILES = Figure(3, "computed", "tagline/fetching: rows, images and verdicts of a shard")
SHARD_TRANSITIONS = Figure(4, "computed", "statemachine/retrain/fetch.yaml: of a shard's child")
TASK_TRANSITIONS = Figure(2, "computed", "statemachine/retrain/pack.yaml: of a task's child")
TASK_ITEM = Figure(24, "computed", "statemachine/retrain/pack.yaml: a shard of a task's input")
RECORD_FILES = Figure(100_000, "computed", "tagline/formats/keys.py: five digits sort")
LIST_PATH = Figure(40, "assumed", "bytes of an id and a path, where there is no list to look at")
HISTORY = Figure(300, "assumed", "events of a run: 152 of a promoted one on the laptop, and waits")

# AWS's own limits; /latest/ pages, looked up 2026-11-20
LAMBDA_SECONDS = Figure(900, "computed", "Lambda: 15 minutes; templates/steps.yaml")
CHILDREN = Figure(10_000, "computed", "Step Functions: children of a Distributed Map at a time")
MAP_ITEMS = Figure(100_000_000, "computed", "Step Functions: items of a Distributed Map")
STATE_INPUT = Figure(262_144, "computed", "Step Functions: bytes of a state's input")
EVENTS = Figure(25_000, "computed", "Step Functions: events of an execution's history")
MAP_INPUT = Figure(40_000_000, "assumed", "Step Functions: bytes of a map's items; files to 10 GB")
RUN_SECONDS = Figure(30 * 86400, "computed", "statemachine/retrain/flow.yaml: TimeoutSeconds")
PUTS = Figure(3500, "computed", "S3: PUT requests a second and partitioned prefix")
GETS = Figure(5500, "computed", "S3: GET requests a second and partitioned prefix")
MULTIPART = Figure(10_000, "computed", "S3: parts of a multipart upload")
OBJECT_BYTES = Figure(48.8 * 2**40, "computed", "S3: bytes of an object")
TASK_SECONDS = Figure(86_400, "computed", "statemachine/retrain/shared.yaml: a container's time")
USD_PER_GET = Figure(0.0004 / 1000, "assumed", "S3 Standard, us-east-1; no bill was seen")
USD_PER_PUT = Figure(0.005 / 1000, "assumed", "S3 Standard, us-east-1, LIST too; no bill was seen")
USD_PER_TRANSITION = Figure(0.025 / 1000, "assumed", "Step Functions, us-east-1; no bill was seen")
USD_PER_GB_MONTH = Figure(0.023, "assumed", "S3 Standard, us-east-1; no bill was seen")
SHARD_DAYS = Figure(14, "computed", "template.yaml: ShardRetentionDays, of the fetched images")
NEW_LAMBDAS, NEW_VCPUS = 10, 6  # of a new account, docs/operations.md
