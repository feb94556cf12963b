"""Two stacks side by side, whose names and datasets would be one endpoint's name; one is destroyed.

Neither is called `tagline`: nothing in the product may lean on that name.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli.cloud import LAPTOP_PARAMETERS, RunningCloud, running_cloud
from tagline.cli.deploy import deploy, sam_environment
from tagline.cli.main import app
from tagline.cli.places import free_port
from tagline.cli.target import laptop_target
from tagline.designs import DesignSet
from tests.e2e.pipeline import Pipeline, Run, list_rows

pytestmark = [pytest.mark.cloud, pytest.mark.slow, pytest.mark.laptop]
ONE, OTHER = "labels", "labels-dev"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, build_dir: Path) -> Iterator[RunningCloud]:
    state_dir = tmp_path_factory.mktemp("two") / "cloud"
    with running_cloud(free_port(), state_dir, fresh=True, build_dir=build_dir, stack=ONE) as cloud:
        environment = sam_environment(cloud.endpoint, state_dir / "sam-home")
        deploy(build_dir, OTHER, state_dir / "sam.log", environment, LAPTOP_PARAMETERS)
        yield cloud


def serve(pipeline: Pipeline, dataset: str, designs: DesignSet) -> Run:
    pipeline.put_images(dataset, designs)
    pipeline.settings(dataset)
    run = pipeline.run(dataset, list_rows(designs))
    assert run.status["outcome"] == "Promoted", run.status
    return run


def test_two_stacks_keep_their_own(cloud: RunningCloud, designs: DesignSet) -> None:
    image = designs.held_out[0].path
    one = Pipeline(cloud.target)
    other = Pipeline(laptop_target(cloud.endpoint, OTHER))
    first = serve(one, "dev-cats", designs)  # labels + dev-cats
    capital = serve(one, "Dev-Cats", designs)
    second = serve(other, "cats", designs)  # labels-dev + cats
    assert one.tags("dev-cats", image)[1]["model"]["run"] == first.name
    assert one.tags("Dev-Cats", image)[1]["model"]["run"] == capital.name
    assert other.tags("cats", image)[1]["model"]["run"] == second.name

    destroyed = CliRunner().invoke(
        app,
        ["destroy", "--data", "--yes", "--stack", ONE],
        env={"AWS_ENDPOINT_URL": cloud.endpoint},
    )
    assert destroyed.exit_code == 0, destroyed.stderr
    assert other.tags("cats", image)[1]["model"]["run"] == second.name
    names = [found["Name"] for found in other.s3.list_buckets()["Buckets"]]
    assert other.bucket in names
    assert one.bucket not in names
    left = {found["StackName"] for found in other.client("cloudformation").list_stacks(
        StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])["StackSummaries"]}  # fmt: skip
    assert OTHER in left
    assert ONE not in left
    models = other.client("sagemaker").list_models()["Models"]
    assert len(models) == 1
