"""Ten runs in a row; then 200 requests at once for tags, to a cold cloud and to a warm one."""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tagline.designs import DesignSet
from tests.chaos.conftest import DATASET, STRONG, Laptop, alerts
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
REQUESTS = 200
RUNS = 10
MIB = 1 << 20


def ask(url: str, body: bytes) -> tuple[int, str, str, bytes]:
    """Return status, Retry-After, type and body of one request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=300)
    connection.request("POST", parts.path, body, {"Content-Type": "image/png"})
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    kind = answer.getheader("Content-Type", "")
    return answer.status, answer.getheader("Retry-After", ""), kind, found


def memory(laptop: Laptop) -> int:
    """Return what the cloud and all its processes hold of their own, in MiB."""
    own = laptop.pipeline.cloud.process.pid
    held = 0
    for process in [psutil.Process(own), *laptop.processes()]:
        try:
            held += process.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return held // MIB


@pytest.mark.timeout(1800)  # one after the other, on a busy machine too
def test_ten_runs_in_a_row_leave_nothing_but_their_data(
    laptop: Laptop, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second half of the runs is held against the first, which fills pools and caches."""
    laptop.fresh_champion()
    rows = []
    for number in range(RUNS):
        laptop.pipeline.settings(DATASET, training={**STRONG, "epochs": 1, "learning_rate": 1e-6},
                                 split={"validation": 0.2 + number / 1000, "seed": 0})  # fmt: skip
        ended = laptop.status(laptop.drop())
        assert ended["outcome"] in {"NotPromoted", "Unchanged", "Promoted"}, ended
        laptop.settled()
        rows.append(_standing(laptop))
    with capsys.disabled():
        print("\nrun  MiB of the cloud  processes  handles  threads  KiB of state but objects")
        for number, row in enumerate(rows, 1):
            print(f"{number:3}", *(f"{value:10}" for value in row))
    middle, last = rows[RUNS // 2 - 1], rows[-1]
    assert last[0] <= middle[0] * 1.2  # MiB
    assert last[1] <= middle[1] + 2  # warm functions come and go
    assert last[2] <= middle[2] + 8
    assert last[3] <= middle[3] + 8
    assert last[4] - middle[4] <= (RUNS - RUNS // 2) * 400  # executions' histories and logs
    assert alerts(laptop.pipeline) == []


def test_two_hundred_requests_at_once(
    laptop: Laptop, designs: DesignSet, capsys: pytest.CaptureFixture[str]
) -> None:
    laptop.stop()
    laptop.start()
    url = f"{laptop.pipeline.cloud.target.outputs.api_url.rstrip('/')}/datasets/{DATASET}/tags"
    body = designs.held_out[0].path.read_bytes()
    rows = [f"before: {memory(laptop)} MiB"]
    for state in ("cold", "warm"):
        with ThreadPoolExecutor(REQUESTS) as pool:
            answers = list(pool.map(lambda _: ask(url, body), range(REQUESTS)))
        counts = Counter(status for status, *_ in answers)
        for status, again, kind, found in answers:
            if status == 200:
                assert json.loads(found)["model"]["run"] == laptop.champion
            elif status == 503:
                assert again.isdigit()
                assert kind.startswith("application/problem+json"), (kind, found)
            else:
                assert status == 429, (status, found)
        assert counts[200]
        rows.append(f"{state}: {dict(counts)}, {memory(laptop)} MiB")
    with capsys.disabled():
        print("", *rows, sep="\n")


def _standing(laptop: Laptop) -> tuple[int, int, int, int, int]:
    eventually(lambda: not laptop.left_over())
    cloud = psutil.Process(laptop.pipeline.cloud.process.pid)
    files = [
        file.stat().st_size
        for file in Path(laptop.state).rglob("*")
        if file.is_file() and "s3" not in file.relative_to(laptop.state).parts[:1]
    ]
    return (
        cloud.memory_full_info().uss // MIB,
        len(laptop.processes()),
        cloud.num_fds(),
        cloud.num_threads(),
        sum(files) // 1024,
    )
