"""State outlives the laptop cloud: after a restart it is all there and the API still tags."""

from pathlib import Path

import pytest

from tagline.cli.cloud import running_cloud
from tagline.cli.places import free_port
from tagline.designs import DesignSet
from tagline.formats.keys import DatasetKeys
from tests.e2e.pipeline import Pipeline, list_rows

pytestmark = [pytest.mark.cloud, pytest.mark.slow]


def test_a_restart_keeps_datasets_runs_and_champions(
    tmp_path: Path, build_dir: Path, designs: DesignSet
) -> None:
    state_dir = tmp_path / "cloud"
    image = designs.held_out[0].path
    with running_cloud(free_port(), state_dir, fresh=True, build_dir=build_dir) as cloud:
        before = Pipeline(cloud.target)
        before.put_images("kept", designs)
        before.settings("kept")
        run = before.run("kept", list_rows(designs))
        assert run.status["outcome"] == "Promoted", run.status
        answer = before.tags("kept", image)
        assert answer[0] == 200
    with running_cloud(free_port(), state_dir, build_dir=build_dir) as cloud:
        after = Pipeline(cloud.target)
        assert after.bucket == before.bucket
        assert after.executions() == [run.name]
        assert after.json(DatasetKeys("kept").champion)["run"] == run.name
        assert after.tags("kept", image) == answer
        unchanged = after.run("kept", list_rows(designs))
        assert unchanged.status["outcome"] == "Unchanged", unchanged.status
    with running_cloud(free_port(), state_dir, fresh=True, build_dir=build_dir) as cloud:
        empty = Pipeline(cloud.target)
        assert empty.executions() == []
        assert "Contents" not in empty.s3.list_objects_v2(Bucket=empty.bucket)
