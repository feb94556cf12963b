"""One ONNX model asked with several settings of the runtime; runs in the server's environment.

    runtime_variants.py MODEL.onnx SIDE SECONDS ROUNDS

Prints JSON: of each number of threads, with and without spinning, for each number of clients, the
medians over the rounds.
"""

import json
import os
import random
import statistics
import sys
import threading
import time
from itertools import product

import numpy as np
import onnxruntime

CLIENTS = (1, 4, 8)


def session(model: str, threads: int, spinning: bool) -> onnxruntime.InferenceSession:
    """Return a session of the model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    return onnxruntime.InferenceSession(
        model, sess_options=options, providers=["CPUExecutionProvider"]
    )


def measured(
    model: onnxruntime.InferenceSession, side: int, clients: int, seconds: float
) -> tuple[float, float, float, float]:
    """Return CPU ms a request, p50 and p95 in ms, and requests a second."""
    planes = np.full((1, 3, side, side), 200, np.float32)
    model.run(None, {"data": planes})
    took: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()

    def ask() -> None:
        while time.perf_counter() - began < seconds:
            started = time.perf_counter()
            model.run(None, {"data": planes})
            took.append(1000 * (time.perf_counter() - started))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - began
    ranks = statistics.quantiles(took, n=20, method="inclusive")
    return 1000 * cpu / len(took), ranks[9], ranks[18], len(took) / wall


def main() -> None:
    """Let the variants take turns and print the medians."""
    model, side, seconds, rounds = sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:5])
    cores = len(os.sched_getaffinity(0))
    variants = list(product(sorted({1, cores}), (True, False), CLIENTS))
    found: dict[tuple[int, bool, int], list[tuple[float, ...]]] = {key: [] for key in variants}
    for _ in range(int(rounds)):
        random.shuffle(variants)
        for threads, spinning, clients in variants:
            one = session(model, threads, spinning)
            found[threads, spinning, clients].append(measured(one, side, clients, seconds))
            del one
    rows = []
    for (threads, spinning, clients), runs in found.items():
        cpu, p50, p95, rate = map(statistics.median, zip(*runs, strict=True))
        rows.append({"threads": threads, "spinning": spinning, "clients": clients,
                     "cpu": cpu, "p50": p50, "p95": p95, "rate": rate})  # fmt: skip
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
