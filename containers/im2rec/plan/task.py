"""A run planned by a container task, in a folder of its own."""

import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TextIO

from im2rec.errors import PackFailed
from im2rec.plan.store import Stored
from tagline.aws import clients
from tagline.aws.environment import environment
from tagline.formats.document import UnreadableDocument, decode_record
from tagline.formats.keys import RunKeys
from tagline.formats.steps import RunInput
from tagline.planning.in_task import plan_in_task

INPUT = "TAGLINE_INPUT"


def plan_run(keys: RunKeys, folder: Path, log: TextIO) -> None:
    """Plan the run that TAGLINE_INPUT tells of, as JSON; leave its files and the answer.

    Raises PackFailed where it tells of none.
    """
    try:
        event = decode_record(os.environ.get(INPUT, "").encode(), RunInput, INPUT)
    except UnreadableDocument as exc:
        raise PackFailed(f"{exc}: it has to be the input of the state PlanInTask") from exc
    if event.run != keys.run:
        raise PackFailed(f"{INPUT} is of run {event.run}, not of {keys.run}")
    tempfile.tempdir = str(folder)  # the list, too, is left where there is room
    with closing(Stored(folder)) as store:
        found = plan_in_task(event, clients.s3(), environment().source_buckets, store)
    told = found.cause or f"planned={found.answer.accepted if found.answer else 0}"
    print(f"{told} rejected={len(store.rejects)}", file=log, flush=True)
