"""What `python -m server serve` does.

Loads <base>/model, then listens; until it listens SageMaker's pings fail, which is what "not ready"
means in its contract. SIGTERM lets requests under way finish.
"""

import os
import sys

import cv2
import uvicorn
from starlette.applications import Starlette

from server import recommending
from server.accesslog import log
from server.app import build
from server.config import Config, WrongSetting
from server.model import Model, UnusableModel, kind_of
from server.recommender import Recommender
from tagline.formats.kinds import Kind
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
        served = _load(config)
    except (WrongSetting, UnusableModel) as exc:
        print(printable(f"The server cannot start: {exc}"), file=sys.stderr)
        return 1
    uvicorn.run(
        served,
        host=config.host,
        port=config.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return 0


def _load(config: Config) -> Starlette:
    """Return what serves the model, by the kind that model.json names; it is in the log."""
    if kind_of(config.model) == Kind.RATINGS:
        recommender = Recommender.load(config.model)
        made = recommender.description
        log(message="serving", run=made.run, items=made.items, algorithm=made.algorithm)
        return recommending.build(recommender, config)
    model = Model.load(config.model, threads=config.threads)
    log(message="serving", run=model.description.run, labels=len(model.description.labels))
    return build(model, config)
