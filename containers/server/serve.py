"""What `python -m server serve` does.

Loads <base>/model, then listens; until it listens SageMaker's pings fail, which is what "not ready"
means in its contract. SIGTERM lets requests under way finish.
"""

import os
import sys

import cv2
import uvicorn

from server.accesslog import log
from server.app import build
from server.config import Config, WrongSetting
from server.model import Model, UnusableModel
from tagline.formats.printable import printable

_GRACE_SECONDS = 20  # SageMaker kills 30 s after SIGTERM


def main(arguments: list[str]) -> int:
    """Serve until told to stop; return the exit code."""
    if arguments != ["serve"]:
        print("usage: python -m server serve", file=sys.stderr)
        return 2
    try:
        config = Config.of(os.environ)
        cv2.setNumThreads(1)  # requests are the parallelism
        model = Model.load(config.model, threads=config.threads)
    except (WrongSetting, UnusableModel) as exc:
        print(printable(f"The server cannot start: {exc}"), file=sys.stderr)
        return 1
    log(message="serving", run=model.description.run, labels=len(model.description.labels))
    uvicorn.run(
        build(model, config),
        host=config.host,
        port=config.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return 0
