"""How much memory and CPU every kind of process of a laptop cloud took, read from /proc."""

import os
import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Self

_EVERY = 0.5  # seconds
_TICK = os.sysconf("SC_CLK_TCK")
_CLOUD = "laptop cloud (S3, Step Functions, …)"
_MODULES = {b"local": _CLOUD, b"server": "endpoint", b"trainer": "trainer"}
_WORKER = b"multiprocessing.spawn"


class MemoryWatch:
    """Samples a process and all that it started, `every` so many seconds; a context manager.

    `root` is what to call that process.
    """

    def __init__(self, process: int, *, root: str = _CLOUD, every: float = _EVERY) -> None:
        self._root = process
        self._every = every
        self._spent: dict[int, float] = {}  # process → CPU seconds
        self._before: dict[int, float] = {}  # those that it had taken before
        self._peaks: dict[str, dict[int, int]] = defaultdict(dict)  # kind → process → kB
        self._kinds = {process: root}
        self.together = 0  # kB, of all processes at the same moment
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="memory")

    def __enter__(self) -> Self:
        self._before = {process: _cpu(process) for process in _tree(self._root)}
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def table(self) -> list[tuple[str, int, int]]:
        """Return (kind, number of processes seen, largest peak in kB), the largest first."""
        rows = [(kind, len(peaks), max(peaks.values())) for kind, peaks in self._peaks.items()]
        return sorted(rows, key=lambda row: -row[2])

    def cpu(self) -> list[tuple[str, float]]:
        """Return (kind, CPU seconds of all its processes), the largest first."""
        spent: dict[str, float] = defaultdict(float)
        for process, seconds in self._spent.items():
            spent[self._kinds[process]] += seconds
        return sorted(spent.items(), key=lambda row: -row[1])

    def _run(self) -> None:
        while not self._over.wait(self._every):
            self._sample()

    def _sample(self) -> None:
        together = 0
        for process in _tree(self._root):
            try:
                peak, now = _memory(process)
                kind = self._kind(process)
                self._spent[process] = _cpu(process) - self._before.get(process, 0.0)
            except (OSError, KeyError):  # it ended meanwhile
                continue
            together += now
            peaks = self._peaks[kind]
            peaks[process] = max(peak, peaks.get(process, 0))
        self.together = max(self.together, together)

    def _kind(self, process: int) -> str:
        if process not in self._kinds:
            self._kinds[process] = _kind_of(Path(f"/proc/{process}"))
        return self._kinds[process]


def _kind_of(folder: Path) -> str:
    command = (folder / "cmdline").read_bytes().split(b"\0")
    entries = (folder / "environ").read_bytes().split(b"\0")
    environment = dict(entry.split(b"=", 1) for entry in entries if b"=" in entry)
    function = environment.get(b"AWS_LAMBDA_FUNCTION_NAME")
    if function:
        return f"function {function.decode()}"
    if b"im2rec" in command:
        work = next((word for word in ("plan", "join") if word.encode() in command), "pack")
        part = ", a part" if b"TAGLINE_SHARDS" in environment else ""
        return f"im2rec {work}{part}"
    if any(_WORKER in word for word in command):
        return "im2rec worker"
    if b"-m" in command and (kind := _MODULES.get(command[command.index(b"-m") + 1])):
        return kind
    if any(word.endswith(b"/sam") for word in command):
        return f"sam {command[2].decode()}"
    return "others (undertaker, resource trackers)"


def _cpu(process: int) -> float:
    """Return the CPU seconds that a process has taken, without those of its children."""
    stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICK


def _memory(process: int) -> tuple[int, int]:
    """Return the peak and the present resident size in kB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(fields["VmHWM"].split()[0]), int(fields["VmRSS"].split()[0])


def _tree(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found, waiting = {root}, [root]
    while waiting:
        parent = waiting.pop()
        children = [child for child, of in parents.items() if of == parent and child not in found]
        found.update(children)
        waiting.extend(children)
    return found
