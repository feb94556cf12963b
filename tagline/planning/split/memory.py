"""`<dataset>/split.txt`: the side of every content that a plan has put on one, for later plans.

The first line is JSON and names the settings; each further line is a content's place (16
hexadecimal digits) and `t` or `v`, in rising order: 19 bytes an image. The file is one object,
replaced whole and only over the version that was read: two plans at once cannot decide differently.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tagline.aws import storage
from tagline.formats.keys import DatasetKeys
from tagline.planning.split.sides import Side
from tagline.settings.schema import Split

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

MAX_BYTES = 256 << 20  # 14,000,000 contents
FORMAT = 1
_LETTERS = {Side.TRAIN: "t", Side.VALIDATION: "v"}
_SIDES = {letter: side for side, letter in _LETTERS.items()}
_OVERTAKEN = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


class UnreadableSplit(ValueError):
    """split.txt is not what a plan writes."""


class SplitOvertaken(RuntimeError):
    """Another plan has remembered its decisions meanwhile."""


@dataclass(frozen=True)
class SplitMemory:
    """The decided sides by place, and the ETag of the object they were read from (None: none)."""

    sides: Mapping[int, Side]
    etag: str | None


class SplitFile:
    """The split.txt of a dataset under some settings; under others it begins anew."""

    def __init__(self, client: "S3Client", bucket: str, dataset: str, settings: Split) -> None:
        self._client = client
        self._bucket = bucket
        self._key = DatasetKeys(dataset).split
        self._head = {
            "format": FORMAT,
            "seed": settings.seed,
            "validation": settings.validation,
        }

    def recall(self) -> SplitMemory:
        """Return what earlier plans decided; raises UnreadableSplit."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key)
        except ClientError as exc:
            if storage.error_code(exc) in {"NoSuchKey", "404"}:
                return SplitMemory({}, None)
            raise
        with answer["Body"] as body:
            data: bytes = body.read(MAX_BYTES + 1)
        where = f"s3://{self._bucket}/{self._key}"
        if len(data) > MAX_BYTES:
            raise UnreadableSplit(f"{where} is larger than {MAX_BYTES >> 20} MiB")
        head, *lines = data.decode("ascii", "replace").splitlines() or [""]
        try:
            same = json.loads(head) == self._head
            sides = {int(line[:16], 16): _SIDES[line[17:]] for line in lines} if same else {}
        except (ValueError, KeyError) as exc:
            raise UnreadableSplit(
                f"{where} is damaged ({exc}); restore an earlier version of it, or delete it to "
                "have all images split anew"
            ) from exc
        return SplitMemory(sides, answer["ETag"])

    def remember(self, memory: SplitMemory, decided: Mapping[int, Side]) -> None:
        """Add a plan's decisions where `memory` has not all of them.

        Raises SplitOvertaken when the object is no longer the one that was recalled.
        """
        if all(memory.sides.get(at) is side for at, side in decided.items()):
            return
        sides = {**memory.sides, **decided}
        lines = [f"{at:016x} {_LETTERS[sides[at]]}\n" for at in sorted(sides)]
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": self._key,
            "Body": (json.dumps(self._head) + "\n" + "".join(lines)).encode(),
            "ContentType": "text/plain",
        }
        if memory.etag is None:
            request["IfNoneMatch"] = "*"
        else:
            request["IfMatch"] = memory.etag
        try:
            self._client.put_object(**request)
        except ClientError as exc:
            code = storage.error_code(exc)
            if code in _OVERTAKEN or (memory.etag is not None and code in {"NoSuchKey", "404"}):
                raise SplitOvertaken(f"{self._key} was written by another plan") from exc
            raise
