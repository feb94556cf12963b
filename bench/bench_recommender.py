"""Recommenders on MovieLens-100k beside others, and 1,000,000 ratings within 2 GB.

    make bench-recommender

Three draws of 75/25, and the last tenth by time with three seeds: NDCG@10 and recall@10 over all
items, of users with a history, every method choosing on the same validation ratings. Ours is the
container's `train` and the model.onnx that it leaves. Prints Markdown.
"""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "containers")]

from movielens import Row, by_chance, by_time, fetch, synthetic, write  # noqa: E402
from rivals import Split, best, contenders  # noqa: E402 - found by the path above

from recommender.data import Histories, Names, read_ratings  # noqa: E402
from recommender.running import Runner  # noqa: E402
from tagline.ranking.lists import Lists  # noqa: E402

SEEDS, MILLION = (0, 1, 2), 1_000_000
# microsoft/recommenders' benchmark of MovieLens-100k, 75/25: NDCG@10, recall@10
PUBLISHED = {
    "BiVAE": (0.475, 0.219),
    "BPR": (0.442, 0.213),
    "LightGCN": (0.420, 0.144),
    "NCF": (0.396, 0.181),
    "SAR": (0.382, 0.176),
    "SVD": (0.096, None),
    "ALS": (0.044, None),
}
_PARTS = ("train", "validation", "test")
_HISTORY, _REQUESTS = 60, 500
_START = 60.0  # seconds that a server has to start


def main(seeds: Sequence[int], ratings: int) -> None:
    """Print the tables."""
    rows = fetch(ROOT / "build/bench")
    print(f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores\n")
    with tempfile.TemporaryDirectory(prefix="tagline-recommender-") as scratch:
        folder = Path(scratch)
        for name, cut in (("75/25", by_chance), ("time", lambda rows, _: by_time(rows))):
            compare(name, {seed: cut(rows, seed) for seed in seeds}, folder)
        speed(folder, len(rows) * 9 // 10)
        if ratings:
            large(folder / "large", ratings)


def compare(name: str, cuts: dict[int, tuple[list[Row], ...]], folder: Path) -> None:
    """Print what each method reaches, by seeds."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for seed, parts in cuts.items():
        job = folder / f"{name.replace('/', '-')}-{seed}"
        for part, some in zip(_PARTS, parts, strict=True):
            write(job / "input/data" / part, some)
        split, names = read(job)
        for rival, choices in contenders(seed).items():
            found[rival].append(figures(best(choices, split)))
        train(job, seed=str(seed))
        found["**tagline**"].append(figures(ours(job, split, names)))
    print(f"| {name} | NDCG@10 | recall@10 | seeds' NDCG@10 |\n|---|---:|---:|---|")
    for method, values in sorted(found.items(), key=lambda item: np.mean(item[1], axis=0)[0]):
        ndcg, recall = np.mean(values, axis=0)
        each = ", ".join(f"{value:.3f}" for value, _ in values)
        print(f"| {method} | {ndcg:.3f} | {recall:.3f} | {each} |")
    if name == "75/25":
        for method, (ndcg, recall) in PUBLISHED.items():
            print(f"| {method}, as published | {ndcg:.3f} | {'' if recall is None else recall} | |")
    mine, plain = (np.mean(found[method], axis=0)[0] for method in ("**tagline**", "EASE"))
    print(f"\nNDCG@10 is {mine / plain:.2f} times plain EASE's.\n", flush=True)


def figures(found: Lists) -> tuple[float, float]:
    """Return NDCG@10 and recall@10."""
    return float(found.ndcg().mean()), float(found.recall().mean())


def read(job: Path) -> tuple[Split, Names]:
    """Return a job's channels and the test as histories."""
    names = Names()
    train, validation, test = (
        read_ratings(job / "input/data" / part, part, names) for part in _PARTS
    )
    count = len(names.users)
    users = np.concatenate([train.users, validation.users])
    items = np.concatenate([train.items, validation.items])
    split = Split(
        train=Histories.of(train.users, train.items, count),
        validation=Histories.of(validation.users, validation.items, count),
        known=Histories.of(users, items, count),
        test=Histories.of(test.users, test.items, count),
        items=len(names.items),
    )
    return split, names


def train(job: Path, **asked: str) -> tuple[float, float, float]:
    """Train as SageMaker would; return wall and CPU seconds and the peak RSS in MB."""
    config = job / "input/config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "hyperparameters.json").write_text(json.dumps({"run": "bench", **asked}))
    return measured("recommender", "recommender", "train", job)


def measured(environment: str, module: str, command: str, base: Path) -> tuple[float, float, float]:
    """Run a container's command; return wall and CPU seconds and the peak RSS in MB."""
    began = time.perf_counter()
    python = ROOT / f".venvs/{environment}/bin/python"
    with subprocess.Popen(
        [python, "-m", module, command], env=variables(base), stdout=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{module} {command}: exit code {process.returncode}")
    wall = time.perf_counter() - began
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def variables(base: Path, **more: str) -> dict[str, str]:
    """Return a container's environment; one thread computes."""
    path = f"{ROOT}:{ROOT / 'containers'}"
    return os.environ | {
        "SAGEMAKER_BASE_DIR": str(base),
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **more,
    }


def ours(job: Path, split: Split, names: Names) -> Lists:
    """Return the lists of a trained model; what it does not know comes last."""
    runner = Runner((job / "model/model.onnx").read_bytes())
    items = [line.split(",")[0] for line in (job / "model/items.csv").read_text().splitlines()[1:]]
    places = np.array([names.items[item] for item in items])
    columns = np.full(split.items, -1)
    columns[places] = np.arange(len(places))
    scores = np.full((len(split.known), split.items), -np.inf, np.float32)
    for user in np.flatnonzero(split.known.lengths).tolist():
        scores[user, places] = runner.scores(columns[split.known[user]])
    return split.judged(scores, test=True)


def speed(folder: Path, ratings: int) -> None:
    """Print how fast a model is trained and how fast it answers."""
    job = folder / "time-0"
    wall, cpu, memory = train(job)
    told = json.loads((job / "model/model.json").read_text())
    print("| | |\n|---|---:|")
    print(f"| ratings a second, a whole job ({told['algorithm']}), wall | {ratings / wall:,.0f} |")
    print(f"| the same, CPU | {ratings / cpu:,.0f} |")
    print(f"| peak RSS of the job, MB | {memory:,.0f} |")
    middle, late = answers(job)
    print(f"| an answer over HTTP, history of {_HISTORY}, p50 ms | {middle:.2f} |")
    print(f"| the same, p99 ms | {late:.2f} |\n", flush=True)


def answers(base: Path) -> tuple[float, float]:
    """Return p50 and p99 of answers in ms, of a server of its own, one after the other."""
    names = [line.split(",")[0] for line in (base / "model/items.csv").read_text().splitlines()[1:]]
    port = 4771
    environment = variables(base, TAGLINE_BIND_HOST="127.0.0.1", SAGEMAKER_BIND_TO_PORT=str(port))
    command = [str(ROOT / ".venvs/server/bin/python"), "-m", "server", "serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            rng, taken = random.Random(0), []  # noqa: S311 - no secret
            link = http.client.HTTPConnection("127.0.0.1", port)
            for _ in range(_REQUESTS):
                history = rng.sample(names, _HISTORY)
                body = json.dumps({"items": history, "exclude": history, "top_k": 10})
                began = time.perf_counter()
                link.request("POST", "/invocations", body, {"content-type": "application/json"})
                answer = link.getresponse()
                answer.read()
                taken.append(time.perf_counter() - began)
                if answer.status != http.client.OK:
                    raise SystemExit(f"the server answers {answer.status}")
        finally:
            server.terminate()
    middle, late = np.quantile(taken, (0.5, 0.99)) * 1000
    return float(middle), float(late)


def wait_for(port: int) -> None:
    """Return once a server answers its ping."""
    ends = time.monotonic() + _START
    while True:
        try:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            link.request("GET", "/ping")
            if link.getresponse().status == http.client.OK:
                return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)


def large(job: Path, ratings: int) -> None:
    """Print what training and evaluation of many ratings take; more than 2 GB is a failure."""
    parts = by_time(synthetic(ratings))
    for base in ("input/data", "processing/input"):
        for part, some in zip(_PARTS, parts, strict=True):
            write(job / base / part, some)
    taken = {"train": train(job, epochs="20")}
    archive = job / "processing/input/challenger"
    archive.mkdir(parents=True)
    subprocess.run(["tar", "czf", archive / "model.tar.gz", "-C", job / "model", "."], check=True)
    taken["evaluate"] = measured("recommender", "recommender", "evaluate", job)
    print(f"| {ratings:,} ratings | s | CPU s | peak RSS, MB |\n|---|---:|---:|---:|")
    for command, (wall, cpu, memory) in taken.items():
        print(f"| {command} | {wall:.0f} | {cpu:.0f} | {memory:,.0f} |")
    if (most := max(memory for _, _, memory in taken.values())) > 2_000:  # noqa: PLR2004
        raise SystemExit(f"{most:,.0f} MB are more than 2 GB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--ratings", type=int, default=MILLION, help="of the large set; 0: none")
    given = parser.parse_args()
    main(given.seeds, given.ratings)
