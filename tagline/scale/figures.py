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

PLANNED = Figure(_RATES.planned, "measured", f"4,041 rows/s of 155,000 x 334 rows: {_BENCH}")
FETCHED = Figure(_RATES.fetched, "assumed", "images/s a call; 111 by each of four on the laptop")
PACKED = Figure(
    _RATES.packed,
    "assumed",
    "images/s a task of 4 vCPUs; 1,377 measured by two processes on the laptop",
)
JOINED = Figure(_RATES.joined, "measured", f"9,112 rows/s: {_BENCH}")
LOADED = Figure(100e6, "assumed", "bytes/s of File mode, before training begins; in no price")
LEARNED = Figure(
    _RATES.learned, "assumed", "images of 96 pixels/s; 450 measured on 2 cores, 8 take 4 times"
)
JUDGED = Figure(_RATES.judged, "assumed", "images/s by a model on 4 vCPUs")
RELEASED = Figure(600, "assumed", "seconds in which an endpoint is made or changed")

MEMORY_ROWS, TIME_ROWS, MEASURED_LABELS = 1_000_000, 155_000, 334  # up to which it was measured

JOIN_ROW = Figure(139 * _MIB / 155_000, "computed", f"139 MiB at 155,000 rows: {_BENCH}")
TRAIN_ROW = Figure(330, "computed", "containers/trainer/data.py: offset, id, hash and array a row")
TRAIN_LABEL = Figure(2, "computed", "containers/trainer/data.py: a byte a label, stacked once")
JUDGE_LABEL = Figure(8, "computed", "float32 scores of challenger and champion a label")
IMAGE_BYTES = Figure(100_000, "assumed", "--image-kb says it; photos of 0.8 megapixels have 82 kB")
JPEG_BYTES = Figure(6_000, "assumed", "96 pixels, quality 95: twice the 3.1 kB of packed drawings")
RECORD_LABEL = Figure(4, "computed", "tagline/formats/recordio.py: a float32 a label")
RECORD_START = Figure(36, "computed", "tagline/formats/recordio.py: frame, header and padding")
SHARD_ITEM = Figure(56, "computed", "shards.json: a shard's name, rows and bytes")
LIST_PATH = Figure(40, "assumed", "bytes of an id and a path, where there is no list to look at")
HISTORY = Figure(300, "assumed", "events of a run; children of a Distributed Map have their own")

# AWS's own limits; /latest/ pages, looked up 2026-11-20
LAMBDA_SECONDS = Figure(900, "computed", "Lambda: 15 minutes; templates/steps.yaml")
LAMBDA_MEMORY = Figure(10_240, "computed", "Lambda: MB at most")
CHILDREN = Figure(10_000, "computed", "Step Functions: children of a Distributed Map at a time")
EVENTS = Figure(25_000, "computed", "Step Functions: events of an execution's history")
MAP_INPUT = Figure(40_000_000, "assumed", "Step Functions: bytes of a map's items; files to 10 GB")
RUN_SECONDS = Figure(30 * 86400, "computed", "statemachine/retrain/flow.yaml: TimeoutSeconds")
GETS = Figure(5500, "computed", "S3: GET requests a second and partitioned prefix")
MULTIPART = Figure(10_000, "computed", "S3: parts of a multipart upload")
OBJECT_BYTES = Figure(48.8 * 2**40, "computed", "S3: bytes of an object")
TASK_SECONDS = Figure(86_400, "computed", "statemachine/retrain/shared.yaml: a container's time")
VOLUME = Figure(16_384, "computed", "SageMaker: GiB of a job's volume")
USD_PER_GET = Figure(0.0004 / 1000, "assumed", "S3 Standard, us-east-1; no bill was seen")
USD_PER_PUT = Figure(0.005 / 1000, "assumed", "S3 Standard, us-east-1, LIST too; no bill was seen")
NEW_LAMBDAS, NEW_VCPUS = 10, 6  # of a new account, docs/operations.md

MEMORY_GIB = {"large": 1, "xlarge": 2, "2xlarge": 4, "4xlarge": 8, "9xlarge": 18, "12xlarge": 24,
              "18xlarge": 36, "24xlarge": 48}  # fmt: skip
"""GiB of an instance of a family that has 1 a size; see `memory`."""
_FAMILIES = {"c5": 4, "m5": 8}


def memory(instance_type: str) -> float | None:
    """Return the GiB of memory of ml.c5 and ml.m5 instances; None for others."""
    _, family, size = (*instance_type.split("."), "", "")[:3]
    if family not in _FAMILIES or size not in MEMORY_GIB:
        return None
    return float(_FAMILIES[family] * MEMORY_GIB[size])


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it: 40 s, 5 min, 3.1 h, 2.5 days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"  # noqa: PLR2004
