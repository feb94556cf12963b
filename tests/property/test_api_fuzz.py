"""All that the API's description allows, and much that it does not, asked by schemathesis.

`make fuzz` asks each operation a hundred times and more; `make test` a few times, and no HEAD.
"""

import base64
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tagline.api import clients
from tests.property.api_server import Runtime, States, application
from tests.unit.api_world import DATASET, LABELS, RUN, api_world, event, metrics_document
from tests.unit.run_documents import latest, packed_dataset, status

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = 4
PNG = base64.b64decode(event("tag_png")["body"])
NAMES = {"dataset": DATASET, "run": RUN, "file": "shell.js"}


@pytest.fixture(scope="module")
def world() -> Iterator[None]:
    """A dataset with a champion and a run, whose endpoint answers."""
    with pytest.MonkeyPatch.context() as patch, api_world(patch) as made:
        made.crown()
        made.serve()
        folder = f"{DATASET}/runs/{RUN}"
        made.put(f"{folder}/status.json", status(run=RUN, dataset=DATASET))
        made.put(f"{folder}/dataset.json", packed_dataset(run=RUN))
        made.put(f"{folder}/metrics.json", metrics_document())
        made.put(f"{folder}/report.html", b"<p>report")
        made.put(f"{DATASET}/latest.json", latest(run=RUN))
        scores = {"labels": LABELS, "scores": [0.9, 0.8, 0.7, 0.6]}
        flow = States()
        model = Runtime({"run": RUN, "created": "2026-11-20T09:00:00Z", **scores})
        patch.setattr(clients, "runtime", lambda: model)
        patch.setattr(clients, "states", lambda: flow)
        yield


def operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", application)
    found = list(schema.get_all_operations())
    whole = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(whole) == len(found)
    return {operation.label: operation for operation in whole}


OPERATIONS = operations()
CASES = [
    (label, mode)
    for label in sorted(OPERATIONS)
    if EXAMPLES or not label.startswith("HEAD")
    for mode in GenerationMode
    if mode == GenerationMode.POSITIVE or "/datasets" in label  # nothing else can be asked wrongly
]


@pytest.mark.parametrize(("label", "mode"), CASES)
def test_every_answer_is_as_described(world: None, label: str, mode: GenerationMode) -> None:
    operation = OPERATIONS[label]

    @given(st.data())
    @settings(max_examples=EXAMPLES or FEW, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        bytes_of_ours = False
        if case.path_parameters and data.draw(st.booleans(), "names that are there"):
            case.path_parameters = {name: NAMES[name] for name in case.path_parameters}
        if (case.media_type or "").startswith("image/") and data.draw(st.booleans(), "an image"):
            case.body, bytes_of_ours = PNG, True
        # no schema can say which bytes are an image, or which labels a model has
        unsaid = [positive_data_acceptance] if case.method == "POST" else []
        unsaid += [negative_data_rejection] if bytes_of_ours else []
        case.validate_response(case.call(), excluded_checks=unsaid)

    try:
        ask()
    except Unsatisfiable:
        pytest.skip("everything that can be sent is as described")
