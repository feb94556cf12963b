"""Clients are answered by the champion alone: a challenger is tried where nobody else asks it."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import psutil
import pytest

from tagline.cli.ordering import order
from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import is_shadow, run_of_job, trial_name
from tests.e2e.pipeline import QUICK, RUN_SECONDS, OnLaptop, list_rows
from tests.laptop import eventually

pytestmark = [pytest.mark.cloud, pytest.mark.slow, pytest.mark.laptop]
DATASET = "tried"
POLL_S = 0.2
SHADOW_REQUESTS = 10


@pytest.fixture(scope="module")
def champion(pipeline: OnLaptop, designs: DesignSet) -> str:
    """A champion that hardly learned anything, so that any challenger beats it."""
    pipeline.put_images(DATASET, designs)
    pipeline.settings(DATASET, training={**QUICK, "learning_rate": 1e-6, "epochs": 1})
    run = pipeline.run(DATASET, list_rows(designs))
    assert run.status["outcome"] == "Promoted", run.status
    assert nothing_left(pipeline)
    return run.name


@contextmanager
def asked(pipeline: OnLaptop, designs: DesignSet) -> Iterator[list[tuple[int, str | None]]]:
    """Ask the API five times a second; give each answer's status and the run whose model spoke."""
    answers: list[tuple[int, str | None]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.wait(POLL_S):
            status, answer = pipeline.tags(DATASET, designs.held_out[0].path)
            answers.append((status, answer["model"]["run"] if status == 200 else None))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def arguments(process: psutil.Process) -> list[str]:
    """Return a process's command line, nothing once it has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def nothing_left(pipeline: OnLaptop) -> bool:
    """Whether there is no trial, and no server but one an endpoint."""
    client = pipeline.client("sagemaker")
    names = {found["EndpointName"] for found in client.list_endpoints()["Endpoints"]}
    running = psutil.Process(pipeline.cloud.process.pid).children(recursive=True)
    servers = [process for process in running if arguments(process)[-1:] == ["serve"]]
    return trial_name("tagline", DATASET) not in names and len(servers) == len(names)


def challenger(
    pipeline: OnLaptop, designs: DesignSet, epochs: int, **endpoint: float | None
) -> str:
    pipeline.settings(DATASET, training={**QUICK, "epochs": epochs}, endpoint=endpoint)
    return pipeline.drop(DATASET, list_rows(designs))


def test_a_challenger_that_answers_wrongly_answers_no_client(
    pipeline: OnLaptop, designs: DesignSet, champion: str
) -> None:
    with asked(pipeline, designs) as answers:
        run = challenger(pipeline, designs, 4)
        smoke = pipeline.once_evaluated(run)
        for image in smoke["images"]:
            image["scores"] = [1 - score for score in image["scores"]]
        pipeline.put(RunKeys(run).smoke, json.dumps(smoke).encode())
        ended = pipeline.wait(run)
        eventually(lambda: nothing_left(pipeline))
    assert (ended.status["outcome"], ended.status["state"]) == ("RolledBack", "SmokeTest")
    assert Counter(answers) == {(200, champion): len(answers)}
    assert pipeline.json(DatasetKeys(DATASET).champion)["run"] == champion


def test_a_challenger_that_does_not_come_up_answers_no_client(
    pipeline: OnLaptop, designs: DesignSet, champion: str
) -> None:
    with asked(pipeline, designs) as answers:
        run = challenger(pipeline, designs, 5)
        pipeline.once_evaluated(run)
        pages = pipeline.s3.get_paginator("list_objects_v2").paginate(
            Bucket=pipeline.bucket, Prefix=DatasetKeys(DATASET).output
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        (artifact,) = [k for k in keys if run_of_job("tagline", DATASET, k.split("/")[2]) == run]
        pipeline.put(artifact, b"no archive")
        ended = pipeline.wait(run)
        eventually(lambda: nothing_left(pipeline))
    assert (ended.status["outcome"], ended.status["state"]) == ("RolledBack", "CreateTrial")
    assert Counter(answers) == {(200, champion): len(answers)}


def test_a_run_that_is_stopped_beside_its_champion_leaves_no_shadow(
    pipeline: OnLaptop, designs: DesignSet, champion: str
) -> None:
    before = pipeline.json(DatasetKeys(DATASET).champion)
    sagemaker = pipeline.client("sagemaker")

    def config() -> str:
        found: str = sagemaker.describe_endpoint(EndpointName=before["endpoint"])[
            "EndpointConfigName"
        ]
        return found

    with asked(pipeline, designs) as answers:
        run = challenger(pipeline, designs, 3, shadow=0.5)
        eventually(lambda: "WaitForShadow" in pipeline.entered(run), RUN_SECONDS)
        assert is_shadow(config())
        assert pipeline.answer(f"datasets/{DATASET}")["health"]["serves"] is True
        pipeline.states.stop_execution(executionArn=pipeline.execution(run))
        eventually(lambda: config() == before["endpoint_config"], RUN_SECONDS)
        eventually(lambda: nothing_left(pipeline))
    assert pipeline.json(RunKeys(run).status)["outcome"] == "Failed"
    assert pipeline.json(DatasetKeys(DATASET).champion) == before
    assert Counter(answers) == {(200, champion): len(answers)}


def test_a_champion_whose_model_and_configuration_were_deleted_comes_back(
    pipeline: OnLaptop, designs: DesignSet, champion: str
) -> None:
    before = pipeline.json(DatasetKeys(DATASET).champion)
    sagemaker = pipeline.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName=before["endpoint"])
    sagemaker.delete_endpoint_config(EndpointConfigName=before["endpoint_config"])
    sagemaker.delete_model(ModelName=before["model"])
    pipeline.settings(DATASET, training={**QUICK, "learning_rate": 1e-6, "epochs": 1})
    run = pipeline.run(DATASET, list_rows(designs))
    assert run.status["outcome"] == "Redeployed", run.status
    status, answer = pipeline.tags(DATASET, designs.held_out[0].path)
    assert (status, answer["model"]["run"]) == (200, champion)
    assert pipeline.json(DatasetKeys(DATASET).champion) == before


def test_a_shadow_and_a_promotion_are_seen_by_no_client_but_for_its_answers(
    pipeline: OnLaptop, designs: DesignSet, champion: str
) -> None:
    with asked(pipeline, designs) as answers:
        run = challenger(pipeline, designs, 6, shadow=1, shadow_requests=SHADOW_REQUESTS)
        ended = pipeline.wait(run)
        assert ended.status["outcome"] == "Promoted", ended.status
        eventually(lambda: nothing_left(pipeline))
        eventually(lambda: answers[-1] == (200, run))
    shadow = pipeline.json(RunKeys(run).shadow)
    assert (shadow["run"], shadow["champion"], shadow["decision"]) == (run, champion, "serve")
    assert SHADOW_REQUESTS <= shadow["compared"] <= shadow["asked"]["requests"]
    assert shadow["asked"]["errors"] == 0
    assert shadow["asked"]["latency"]["p95"] > 0
    assert f"of {SHADOW_REQUESTS} images the champion's tags" in ended.status["reason"]
    assert "Before it served" in pipeline.read(RunKeys(run).report).decode()
    states = pipeline.entered(run)
    assert states.count("WatchShadow") > 0
    assert states.index("EndTrial") < states.index("StartShadow") < states.index("UpdateEndpoint")
    assert {status for status, _ in answers} == {200}
    spoke = [name for _, name in answers]
    changed = spoke.index(run)
    assert set(spoke[:changed]) == {champion}
    assert set(spoke[changed:]) == {run}


@pytest.mark.parametrize("kind", ["rollback", "promote"])
def test_a_person_goes_back_and_forth_and_no_client_sees_more_than_the_answers(
    pipeline: OnLaptop, designs: DesignSet, champion: str, kind: Literal["rollback", "promote"]
) -> None:
    before = pipeline.json(DatasetKeys(DATASET).champion)
    target = before["previous"]
    with asked(pipeline, designs) as answers:
        if kind == "promote":
            order(pipeline.target, target, kind, "to see it", wait=True, as_json=True)
        else:
            orders = f"{DATASET}/orders"
            assert pipeline.asked(orders, {"kind": "redeploy"})["code"] == "serving"
            asked_for = {"kind": kind, "run": target, "why": "to see it", "who": "a test"}
            given = pipeline.asked(orders, asked_for)
            way = f"datasets/{DATASET}/runs/{target}/progress?execution={given['execution']}"
            eventually(lambda: pipeline.answer(way)["status"] == "SUCCEEDED", 120)
        eventually(lambda: answers and answers[-1] == (200, target))
    after = pipeline.json(DatasetKeys(DATASET).champion)
    assert (after["run"], after["previous"]) == (target, before["run"])
    assert (after["order"]["kind"], after["order"]["why"]) == (kind, "to see it")
    ended = pipeline.json(RunKeys(target).status)
    assert (ended["outcome"], ended["order"]) == ("Promoted", after["order"])
    assert {status for status, _ in answers} == {200}
    spoke = [name for _, name in answers]
    assert set(spoke[: spoke.index(target)]) <= {before["run"]}
    assert set(spoke[spoke.index(target) :]) == {target}
    assert nothing_left(pipeline)
