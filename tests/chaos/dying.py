"""A function's handler that dies or hangs when a test says so: what each Lambda is wrapped in.

A test leaves `<folder>/<function>` with a word a line, taken one a call: `before` and `after` kill
the worker before and after its work, `hang-before` and `hang-after` make it wait there for its end,
`work` lets it work. Without a file, or at its end, it works.
"""

import fcntl
import importlib
import os
import signal
import time
from pathlib import Path
from typing import Any

HANGING = ".hanging"  # of the file that says that a function hangs now


def handler(event: Any, context: Any) -> Any:
    """Do what the next word says."""
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    script = Path(os.environ["CHAOS_SCRIPTS"], name.rpartition("tagline-")[2])
    word = _next(script)
    _do(word, "before", script)
    answer = importlib.import_module("app").handler(event, context)
    _do(word, "after", script)
    return answer


def _do(word: str, moment: str, script: Path) -> None:
    if word == moment:
        os.kill(os.getpid(), signal.SIGKILL)
    if word == f"hang-{moment}":
        script.with_name(script.name + HANGING).touch()
        while True:
            time.sleep(60)


def _next(script: Path) -> str:
    try:
        with script.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            words = file.read().split()
            file.seek(0)
            file.truncate()
            file.write("\n".join(words[1:]))
    except FileNotFoundError:
        return "work"
    return words[0] if words else "work"
