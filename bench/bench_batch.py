"""A batch on a laptop cloud: images a second, beside the bare model loop; every line accounted for.

`python bench/bench_batch.py [IMAGES]` (10,000) lets `tagline demo` train a champion, uploads copies
of its designs, drops a list of them in which one line in a hundred is bad, and prints a Markdown
table. The bare loop is the server's model in a process of its own, on one core: decode, resize and
score the same images one after the other.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tagline.cli.places import HOST, free_port
from tagline.cli.target import Target, laptop_target
from tagline.formats.batch_keys import BatchKeys, batch_name, batches_of
from tagline.formats.batches import BatchPlan, BatchStatus
from tagline.formats.keys import DatasetKeys
from tagline.formats.locations import parse_uri
from tagline.formats.outcomes import Champion

ROOT = Path(__file__).parents[1]
DATASET, FOLDER = "designs", "bench"
ONE_BAD_IN = 100
_UPLOADS = 16
_LOOK = 0.2  # seconds
_LONGEST = 3600.0
_BAD = ("gone/{}.png", f"{FOLDER}/text.png", "s3://somebody-elses/{}.png", f"{FOLDER}/cut.png")
_LOOP = """
import sys, time
from pathlib import Path
from server.model import Model
from tagline.imaging import SERVING, preprocess
model = Model.load(Path(sys.argv[1]), 1)
images = [path.read_bytes() for path in sorted(Path(sys.argv[2]).iterdir())]
wanted = int(sys.argv[3])
begin = time.perf_counter()
for number in range(wanted):
    model.answer(preprocess(images[number % len(images)], model.description.image, SERVING))
print(wanted / (time.perf_counter() - begin))
"""


def main(images: int) -> None:
    """Print the table."""
    tagline = Path(sys.executable).with_name("tagline")
    with tempfile.TemporaryDirectory(prefix="tagline-batch-") as folder:
        port = free_port()
        command = [str(tagline), "demo", "--json", "--keep", "--images", "300"]
        with subprocess.Popen(
            [*command, "--port", str(port), "--folder", f"{folder}/demo"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as demo:
            printed = b""
            for line in demo.stdout or ():
                printed += line
                if line.rstrip() == b"}":
                    break
            try:
                target = laptop_target(f"http://{HOST}:{port}")
                drawn = next(Path(folder, "demo").rglob("images"))
                listed = upload(target, drawn, images)
                status, plan, seconds = tag(target, listed)
                bare = loop(target, drawn, Path(folder), min(images, 2000))
                check(target, status, plan, listed)
            finally:
                demo.send_signal(signal.SIGINT)
    rate = status.images / seconds
    print(f"Python {platform.python_version()}; load {os.getloadavg()[0]:.1f} on "
          f"{len(os.sched_getaffinity(0))} cores.\n")  # fmt: skip
    print("| images | tagged | rejected | shards | s | images/s | bare loop, 1 core | share |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    print(f"| {status.images:,} | {status.tagged:,} | {status.rejected:,} | {plan.shards} "
          f"| {seconds:.1f} | {rate:.0f} | {bare:.0f} | {rate / bare:.2f} |")  # fmt: skip


def upload(target: Target, drawn: Path, images: int) -> list[str]:
    """Upload copies of the designs; return the list's lines, one in a hundred of them bad."""
    bodies = [path.read_bytes() for path in sorted(drawn.iterdir())]

    def put(name: str, body: bytes) -> None:
        key = f"{DATASET}/{FOLDER}/{name}"
        target.s3.put_object(Bucket=target.outputs.bucket, Key=key, Body=body)

    put("text.png", b"no image")
    put("cut.png", bodies[0][:100])
    with ThreadPoolExecutor(_UPLOADS) as pool:
        numbers = range(images)
        list(pool.map(lambda n: put(f"{n:06d}.png", bodies[n % len(bodies)]), numbers))
    return [
        f"{FOLDER}/{n:06d}.png" if n % ONE_BAD_IN else _BAD[n // ONE_BAD_IN % len(_BAD)].format(n)
        for n in range(images)
    ]


def tag(target: Target, listed: list[str]) -> tuple[BatchStatus, BatchPlan, float]:
    """Drop the list; return the batch's status, its plan, and the seconds until it is published."""
    bucket, key = target.bucket, f"{batches_of(DATASET)}bench.txt"
    begin = time.perf_counter()
    made = target.s3.put_object(Bucket=bucket.name, Key=key, Body="\n".join(listed).encode())
    keys = BatchKeys(batch_name(bucket.name, key, made["VersionId"], made["ETag"]))
    while time.perf_counter() - begin < _LONGEST:
        status = bucket.get(keys.status, BatchStatus)
        if status is not None:
            return status, bucket.read(keys.plan, BatchPlan), time.perf_counter() - begin
        time.sleep(_LOOK)
    raise AssertionError(f"the batch has not ended after {_LONGEST:.0f} s")


def check(target: Target, status: BatchStatus, plan: BatchPlan, listed: list[str]) -> None:
    """Raise AssertionError where a line has no verdict, another's, or the wrong one."""
    published = parse_uri(status.tags or "")
    if published is None:
        raise AssertionError(f"nothing was published: {status.reason}")
    found = Counter[str]()
    with target.bucket.stream(published.key) as answer:
        for number, line in enumerate(answer.content.iter_lines(), 1):
            verdict = json.loads(line)
            bad = (number - 1) % ONE_BAD_IN == 0
            if verdict["line"] != number or verdict["path"] != listed[number - 1]:
                raise AssertionError(f"line {number}: {verdict}")
            if (verdict["verdict"] == "rejected") != bad:
                raise AssertionError(f"line {number}: {verdict}")
            found[verdict["reason"] or "tagged"] += 1
    if sum(found.values()) != len(listed) or plan.images != len(listed):
        raise AssertionError(f"{sum(found.values())} verdicts for {len(listed)} lines")
    print(f"Verdicts: {', '.join(f'{name} {count:,}' for name, count in found.most_common())}.")


def loop(target: Target, drawn: Path, folder: Path, images: int) -> float:
    """Return how many images a second the server's model takes in a plain loop, on one core."""
    champion = target.bucket.read(DatasetKeys(DATASET).champion, Champion)
    artifact = parse_uri(champion.artifact)
    if artifact is None:
        raise AssertionError(f"no artifact: {champion.artifact}")
    packed, model = folder / "model.tar.gz", folder / "model"
    with packed.open("wb") as file:
        target.bucket.download(artifact.key, file)
    with tarfile.open(packed) as tar:
        tar.extractall(model, filter="data")
    paths = os.pathsep.join((str(ROOT), str(ROOT / "containers")))
    done = subprocess.run(
        [ROOT / ".venvs/server/bin/python", "-c", _LOOP, model, drawn, str(images)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )
    return float(done.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
