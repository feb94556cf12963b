"""A run as PlanDataset and FetchShards leave it in the bucket, built by hand for the packing."""

import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from tagline.formats.keys import RunKeys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET, RUN = "tagline-data", "designs-0123456789abcdef"
KEYS = RunKeys(RUN)
LABELS = ["red", "green", "blue"]
_COLOURS = [(220, 20, 30), (20, 200, 40), (30, 40, 230)]


def drawing(number: int) -> bytes:
    """Return a small design as PNG or JPEG: a disc in the colour of label number % 3."""
    image = Image.new("RGBA", (60 + number % 40, 80), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((5, 5, 50, 60), fill=(*_COLOURS[number % 3], 255))
    stream = io.BytesIO()
    if number % 2:
        image.convert("RGB").save(stream, "JPEG")
    else:
        image.save(stream, "PNG")
    return stream.getvalue()


@dataclass
class RunOnPaper:
    """Rows, rejects and images of a run; `put` writes them as the steps before packing would."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    images: dict[int, bytes] = field(default_factory=dict)
    fetch_rejects: dict[int, tuple[str, str]] = field(default_factory=dict)
    plan_rejects: list[dict[str, Any]] = field(default_factory=list)
    shard_rows: int = 20
    image_size: int = 48
    tolerance: float = 0.5

    @classmethod
    def of(cls, images: int) -> "RunOnPaper":
        """Return a run of that many good rows, every fifth of them for validation."""
        paper = cls()
        for line in range(1, images + 1):
            paper.rows.append(
                {
                    "line": line,
                    "id": 1000 + line,
                    "path": f"images/{line}.png",
                    "bucket": BUCKET,
                    "key": f"designs/images/{line}.png",
                    "etag": "x",
                    "size": 1,
                    "labels": "".join("1" if line % 3 == n else "0" for n in range(3)),
                    "split": "train" if line % 5 else "validation",
                }
            )
            paper.images[line] = drawing(line)
        return paper

    def reject_in_plan(self, line: int) -> None:
        """Let the plan have rejected a further row."""
        self.plan_rejects.append(
            {"line": line, "id": None, "path": "x", "reason": "bad_label", "detail": "label '2'"}
        )

    def put(self, client: "S3Client") -> None:
        """Write plan, shards, tars and verdicts to the bucket."""
        shards = [
            self.rows[at : at + self.shard_rows] for at in range(0, len(self.rows), self.shard_rows)
        ]
        names = [f"{number:05d}" for number in range(len(shards))]
        self._put_json(client, "plan.json", self._plan(len(shards)))
        self._put_json(
            client,
            "shards.json",
            [
                {"shard": name, "rows": len(rows), "bytes": 1}
                for name, rows in zip(names, shards, strict=True)
            ],
        )
        if self.plan_rejects:
            self._put_lines(client, KEYS.of("plan-rejects.jsonl"), self.plan_rejects)
        for name, rows in zip(names, shards, strict=True):
            self._put_lines(client, KEYS.shard_rows(name), rows)
            self._put_lines(client, KEYS.shard_verdicts(name), [self._verdict(r) for r in rows])
            fetched = [row["line"] for row in rows if row["line"] not in self.fetch_rejects]
            body = tar({str(line): self.images[line] for line in fetched})
            client.put_object(Bucket=BUCKET, Key=KEYS.shard_images(name), Body=body)

    def _plan(self, shards: int) -> dict[str, Any]:
        settings = {
            "image": {"size": self.image_size, "mode": "letterbox", "background": "#ffffff"},
            "tolerance": {"rejected": self.tolerance},
        }
        return {
            "run": RUN,
            "dataset": "designs",
            "bucket": BUCKET,
            "fingerprint": "f" * 64,
            "rows": len(self.rows) + len(self.plan_rejects),
            "accepted": len(self.rows),
            "rejected": len(self.plan_rejects),
            "labels": LABELS,
            "settings": settings,
            "shards": shards,
        }

    def _verdict(self, row: dict[str, Any]) -> dict[str, Any]:
        reason, detail = self.fetch_rejects.get(row["line"], (None, None))
        return {k: row[k] for k in ("line", "id", "path")} | {"reason": reason, "detail": detail}

    def _put_json(self, client: "S3Client", name: str, value: object) -> None:
        client.put_object(Bucket=BUCKET, Key=KEYS.of(name), Body=json.dumps(value).encode())

    def _put_lines(self, client: "S3Client", key: str, values: list[dict[str, Any]]) -> None:
        body = "".join(json.dumps(value) + "\n" for value in values)
        client.put_object(Bucket=BUCKET, Key=key, Body=body.encode())


def tar(members: dict[str, bytes]) -> bytes:
    """Return an uncompressed tar of these members, in this order."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()
