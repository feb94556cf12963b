"""A run as PlanDataset and FetchShards leave it in the bucket, built by hand for the packing."""

import io
import random
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from tagline.aws.s3 import JSON, Bucket
from tagline.formats.document import encode
from tagline.formats.keys import RunKeys
from tagline.formats.plan import Plan, PlannedShard
from tagline.formats.reasons import Reason
from tagline.formats.rows import FetchVerdict, PlannedRow, Reject, Side
from tests.unit.run_documents import plan

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, RUN = "tagline-data", "designs-0123456789abcdef"
KEYS = RunKeys(RUN)
LABELS = ["red", "green", "blue"]
_COLOURS = [(220, 20, 30), (20, 200, 40), (30, 40, 230)]


def drawing(number: int) -> bytes:
    """Return a small design as PNG or JPEG: a disc in the colour of label number % 3.

    Squares on it, others for each number, keep the drawings from being near-copies.
    """
    image = Image.new("RGBA", (60 + number % 40, 80), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((5, 5, 50, 60), fill=(*_COLOURS[number % 3], 255))
    chance = random.Random(number)
    for _ in range(5):
        x, y, grey = chance.randrange(45), chance.randrange(65), chance.randrange(256)
        draw.rectangle((x, y, x + 14, y + 14), fill=(grey, grey, grey, 255))
    stream = io.BytesIO()
    if number % 2:
        image.convert("RGB").save(stream, "JPEG")
    else:
        image.save(stream, "PNG")
    return stream.getvalue()


@dataclass
class RunOnPaper:
    """Rows, rejects and images of a run; `put` writes them as the steps before packing would."""

    rows: list[PlannedRow] = field(default_factory=list)
    images: dict[int, bytes] = field(default_factory=dict)
    fetch_rejects: dict[int, tuple[Reason, str]] = field(default_factory=dict)
    plan_rejects: list[Reject] = field(default_factory=list)
    shard_rows: int = 20
    image_size: int = 48
    tolerance: float = 0.5
    file_mib: int = 2048

    @classmethod
    def of(cls, images: int) -> "RunOnPaper":
        """Return a run of that many good rows, every fifth of them for validation."""
        paper = cls()
        for line in range(1, images + 1):
            paper.rows.append(
                PlannedRow(
                    line=line,
                    id=1000 + line,
                    path=f"images/{line}.png",
                    bucket=BUCKET,
                    key=f"designs/images/{line}.png",
                    etag=f"e{line}",
                    size=1,
                    labels="".join("1" if line % 3 == n else "0" for n in range(3)),
                    split=Side.TRAIN if line % 5 else Side.VALIDATION,
                )
            )
            paper.images[line] = drawing(line)
        return paper

    def reject_in_plan(self, line: int) -> None:
        """Let the plan have rejected a further row."""
        self.plan_rejects.append(
            Reject(line=line, id=None, path="x", reason=Reason.BAD_LABEL, detail="label '2'")
        )

    def put(self, client: "S3Client") -> None:
        """Write plan, shards, tars and verdicts to the bucket."""
        bucket = Bucket(client, BUCKET)
        shards = {
            f"{at // self.shard_rows:05d}": self.rows[at : at + self.shard_rows]
            for at in range(0, len(self.rows), self.shard_rows)
        }
        bucket.write(KEYS.plan, self._plan(len(shards)))
        items = [PlannedShard(shard=name, rows=len(rows), bytes=1) for name, rows in shards.items()]
        bucket.put(KEYS.shards, encode(items), JSON)
        if self.plan_rejects:
            bucket.write_lines(KEYS.plan_rejects, self.plan_rejects)
        for name, rows in shards.items():
            bucket.write_lines(KEYS.shard_rows(name), rows)
            bucket.write_lines(KEYS.shard_verdicts(name), map(self._verdict, rows))
            fetched = [row.line for row in rows if row.line not in self.fetch_rejects]
            body = tar({str(line): self.images[line] for line in fetched})
            client.put_object(Bucket=BUCKET, Key=KEYS.shard_images(name), Body=body)

    def _plan(self, shards: int) -> Plan:
        settings = {
            "image": {"size": self.image_size},
            "tolerance": {"rejected": self.tolerance},
            "records": {"file_mib": self.file_mib},
        }
        return plan(
            run=RUN,
            dataset="designs",
            bucket=BUCKET,
            fingerprint="f" * 64,
            rows=len(self.rows) + len(self.plan_rejects),
            accepted=len(self.rows),
            rejected=len(self.plan_rejects),
            labels=LABELS,
            settings=settings,
            shards=shards,
        )

    def _verdict(self, row: PlannedRow) -> FetchVerdict:
        reason, detail = self.fetch_rejects.get(row.line, (None, ""))
        return FetchVerdict(line=row.line, id=row.id, path=row.path, reason=reason, detail=detail)


def tar(members: dict[str, bytes]) -> bytes:
    """Return an uncompressed tar of these members, in this order."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()
