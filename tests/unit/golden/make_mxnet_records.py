"""Write the golden records with MXNet itself: `.venvs/trainer/bin/python <this file>`.

The payloads are written down here and in tests/unit/test_recordio.py through `golden.json`, so the
test needs no MXNet.
"""

import json
import struct
import tempfile
from pathlib import Path

import mxnet

MAGIC = struct.pack("<I", 0xCED7230A)
IMAGE = bytes(range(1, 12))
FRAMES = {
    "empty": b"",
    "plain": b"abcdefg",
    "magic_first": MAGIC + b"abc",
    "magic_alone": MAGIC,
    "magic_aligned": b"abcd" + MAGIC + b"efg",
    "magic_unaligned": b"abc" + MAGIC + b"efgh",
    "magic_twice": b"abcd" + MAGIC + MAGIC + b"efghij",
    "magic_last": b"abcd" + MAGIC,
    "magic_both": b"ab" + MAGIC + b"cd" + MAGIC + b"e",
    "magic_overlapping": MAGIC[:3] + MAGIC + MAGIC[1:],
}
LABELS = {
    "three_labels": ([0.0, 1.0, 1.0], 42),
    "one_packed_label": ([1.0], 7),
    "scalar_label": (3.0, 8),
    "largest_id": ([1.0, 0.0], 2**64 - 1),
    "fifty_labels": ([float(n % 3 == 0) for n in range(50)], 123456),
    "magic_in_id": ([1.0, 0.0], 0xCED7230A),
}


def written(payload: bytes) -> str:
    """Return what MXNet writes for one record, as hexadecimal digits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.rec"
        writer = mxnet.recordio.MXRecordIO(str(path), "w")
        writer.write(payload)
        writer.close()
        return path.read_bytes().hex()


def main() -> None:
    """Write `mxnet-records.json` beside this file."""
    images = {}
    for name, (label, identifier) in LABELS.items():
        header = mxnet.recordio.IRHeader(0, label, identifier, 0)
        payload = mxnet.recordio.pack(header, IMAGE)
        images[name] = {"labels": label, "id": identifier, "payload": payload.hex()}
        FRAMES[name] = payload
    golden = {
        "mxnet": mxnet.__version__,
        "image": IMAGE.hex(),
        "images": images,
        "frames": {n: {"payload": p.hex(), "file": written(p)} for n, p in FRAMES.items()},
    }
    target = Path(__file__).with_name("mxnet-records.json")
    target.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
