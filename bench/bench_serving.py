"""What tags take through the API, by the model server alone, and of the model itself; and overload.

    .venv/bin/python bench/bench_serving.py [--seconds 4] [--rounds 3] [--folder A_DEMO_THAT_IS_UP]

Lets `tagline demo` train on a laptop cloud of its own, or asks one that `--keep` left up,
then asks for tags of its drawn designs: 1, 8 and 32 clients, API and server taking turns. Then 8
clients ask the API while 40 PNGs of 7000 x 7000 pixels arrive at once. Exit code 1 where one of the
small ones failed then, or p95 is more than five times the quiet one.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from load import Client, Load, load
from PIL import Image

from tagline.cli.places import HOST, free_port
from tagline.cli.target import laptop_target

ROOT = Path(__file__).parents[1]
TAGLINE = Path(sys.executable).with_name("tagline")
DATASET = "designs"
CLIENTS = (1, 8, 32)
LARGE, LARGE_SIDE = 40, 7000
HEADERS = {"Content-Type": "image/png"}
WARM_UP = 50  # requests
TIMES = 5  # p95 beside large images, in those of the quiet API
OWN = """
import json, sys, time
from pathlib import Path
import cv2
from server.model import Model
from tagline.imaging import preprocess
cv2.setNumThreads(1)
model = Model.load(Path(sys.argv[1]), threads=int(sys.argv[2]))
took = []
for image in map(Path, sys.argv[3:]):
    data, began = image.read_bytes(), time.perf_counter()
    model.answer(preprocess(data, model.description.image))
    took.append(time.perf_counter() - began)
print(json.dumps(took))
"""


@contextmanager
def demo(folder: Path) -> Iterator[int]:
    """Let a demo run and stay up; yield its port."""
    port = free_port()
    command: list[str | Path] = [
        TAGLINE,
        "demo",
        "--json",
        "--keep",
        "--images",
        "400",
        "--port",
        str(port),
    ]
    with subprocess.Popen(
        [*command, "--folder", folder], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if not any(line.rstrip() == "}" for line in process.stdout or ()):
                raise SystemExit("the demo failed")
            yield port
        finally:
            process.terminate()


@contextmanager
def server(base: Path) -> Iterator[str]:
    """Run the model server alone; yield its URL."""
    port = free_port()
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}",
        "SAGEMAKER_BASE_DIR": str(base),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "TAGLINE_BIND_HOST": HOST,
    }
    process = subprocess.Popen(
        [ROOT / ".venvs/server/bin/python", "-m", "server", "serve"],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://{HOST}:{port}/invocations"
        while Client(url, {}).ask(b"") == 0 and process.poll() is None:
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def own_time(base: Path, images: Sequence[Path]) -> Load:
    """Return what decoding and scoring take in the server's process, one image after the other."""
    done = subprocess.run(
        [ROOT / ".venvs/server/bin/python", "-c", OWN, base / "model",
         str(len(os.sched_getaffinity(0))), *images],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'containers'}"},
        stdout=subprocess.PIPE, check=True, text=True,
    )  # fmt: skip
    seconds = json.loads(done.stdout)
    return Load(seconds, wall=sum(seconds))


def beside_large_ones(url: str, bodies: Sequence[bytes], seconds: float) -> tuple[Load, Load]:
    """Return what 8 clients of small images and 40 of a large one met; the latter ask once each."""
    stream = io.BytesIO()
    Image.new("RGB", (LARGE_SIDE, LARGE_SIDE), (7, 7, 7)).save(stream, "PNG")
    large: list[Load] = []

    def ask() -> None:
        large.append(load(url, [stream.getvalue()], LARGE, lambda n, _: n < LARGE, HEADERS))

    asking = threading.Thread(target=ask)
    asking.start()
    small = load(url, bodies, 8, lambda _, s: s < seconds or asking.is_alive(), HEADERS)
    asking.join()
    return small, large[0]


def median(loads: Sequence[Load]) -> Load:
    """Return the round whose median is the median of the rounds'."""
    return sorted(loads, key=lambda one: one.milliseconds(50))[len(loads) // 2]


def measure(folder: Path, port: int, seconds: float, rounds: int) -> bool:
    """Print the tables; tell whether small images got through beside the large ones."""
    target = laptop_target(f"http://{HOST}:{port}")
    api = f"{target.outputs.api_url.rstrip('/')}/datasets/{DATASET}/tags"
    images = sorted(folder.rglob("designs/**/*.png"))[:WARM_UP]
    bodies = [image.read_bytes() for image in images]
    (base,) = (path.parents[1] for path in folder.glob("cloud/endpoints/*/*/ml/model/model.onnx"))
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.0f}; images of "
          f"{statistics.mean(map(len, bodies)) / 1000:.1f} kB\n")  # fmt: skip
    print("| asked | clients | p50 ms | p95 | p99 | requests/s | failed |")
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    print(f"| model, in its process | 1 | {own_time(base, images * 4).row()} |", flush=True)
    found: dict[tuple[str, int], list[Load]] = {}
    with server(base) as alone:
        asked = {"model server": alone, "API": api}
        for url in asked.values():
            load(url, bodies, 8, lambda n, _: n < WARM_UP, HEADERS)
        for clients in CLIENTS:
            for _ in range(rounds):
                for name, url in asked.items():
                    one = load(url, bodies, clients, lambda _, s: s < seconds, HEADERS)
                    found.setdefault((name, clients), []).append(one)
    middle = {key: median(loads) for key, loads in found.items()}
    for (name, clients), one in sorted(middle.items(), reverse=True):
        print(f"| {name} | {clients} | {one.row()} |", flush=True)
    small, large = beside_large_ones(api, bodies, 2 * seconds)
    print(f"| API, beside {LARGE} PNGs of {LARGE_SIDE} x {LARGE_SIDE} | 8 | {small.row()} |")
    added = [
        one.milliseconds(50) - other.milliseconds(50)
        for one, other in zip(found["API", 1], found["model server", 1], strict=True)
    ]
    print(f"\nThe API adds {statistics.median(added):.1f} ms (p50, one client). Of the large ones "
          f"{len(large.seconds)} were answered, {large.refused or 'none'} refused.")  # fmt: skip
    quiet = middle["API", 8].milliseconds(95)
    return not small.refused and small.milliseconds(95) <= TIMES * quiet


def main() -> None:
    """Start what is missing and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of one measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="of a demo that is up; needs --port")
    parser.add_argument("--port", type=int)
    asked = parser.parse_args()
    if asked.folder:
        well = measure(asked.folder, asked.port, asked.seconds, asked.rounds)
    else:
        with (
            tempfile.TemporaryDirectory(prefix="tagline-serving-") as scratch,
            demo(Path(scratch, "demo")) as port,
        ):
            well = measure(Path(scratch, "demo"), port, asked.seconds, asked.rounds)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
