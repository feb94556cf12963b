"""Runs that fail where others do not: told by their state, in the words of what failed."""

import pytest

from tagline.designs import DesignSet
from tests.e2e.pipeline import QUICK, Pipeline, list_rows, unique

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
BROKEN, ASTRAY = unique("broken"), unique("astray")


def test_a_list_without_a_usable_image_fails_in_packing_with_its_note(
    pipeline: Pipeline, designs: DesignSet
) -> None:
    rows = list_rows(designs)
    pipeline.put_images(BROKEN, designs)
    for row in rows:
        path = row.split("\t")[-1]
        pipeline.put(f"{BROKEN}/{path}", f"no picture, but {path}".encode())
    pipeline.settings(BROKEN)
    run = pipeline.run(BROKEN, rows)
    assert (run.status["outcome"], run.status["state"]) == ("Failed", "PackDataset")
    assert "90 of 90 rows were rejected" in run.status["reason"]


def test_a_search_whose_trials_all_fail_is_told_with_its_cost(
    pipeline: Pipeline, designs: DesignSet
) -> None:
    """JudgeFailure looks at the trials: they did not want for machines."""
    pipeline.put_images(ASTRAY, designs)
    pipeline.settings(
        ASTRAY,
        training=QUICK,
        tuning={"max_jobs": 2, "ranges": {"learning_rate": [0.9, 1.0]}},
    )
    run = pipeline.run(ASTRAY, list_rows(designs))
    assert (run.status["outcome"], run.status["state"]) == ("Failed", "Tune")
    used = {state["state"]: state["seconds"] for state in run.status["cost"]["states"]}
    assert used["Tune"] > 0
    assert pipeline.entered(run.name)[-3:] == ["Tune", "JobFailed", "JudgeFailure"]
