"""A champion on its way to devices, by the real stack: refused with the reason, then sent."""

import base64
import hashlib
import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tagline.cli.cloud import running_cloud
from tagline.cli.ordering import order
from tagline.cli.places import free_port
from tagline.designs import DesignSet, draw_designs
from tagline.formats.edge_keys import EdgeKeys, edge_version, version_order
from tagline.formats.keys import DatasetKeys, RunKeys
from tests.e2e.pipeline import OnLaptop
from tests.e2e.rights import beyond, calls_of, findings, roles_of

pytestmark = pytest.mark.cloud
DATASET, GROUP, THING = "belts", "sorters", "sorter-1"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnLaptop]:
    """The real template on a laptop cloud of its own."""
    folder = tmp_path_factory.mktemp("release")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFN_WAIT_SCALE", "0.1")
        with running_cloud(
            free_port(), folder / "cloud", fresh=True, build_dir=folder / "build"
        ) as cloud:
            yield OnLaptop(cloud)


@pytest.fixture(scope="module")
def designs(tmp_path_factory: pytest.TempPathFactory) -> DesignSet:
    """Enough designs to train on in seconds."""
    return draw_designs(tmp_path_factory.mktemp("designs"), count=60, seed=11, held_out=1)


def make_group(pipeline: OnLaptop) -> None:
    """Make a group with a thing, to which somebody deployed before."""
    iot = pipeline.client("iot")
    iot.create_thing(thingName=THING)
    target = iot.create_thing_group(thingGroupName=GROUP)["thingGroupArn"]
    iot.add_thing_to_thing_group(thingGroupName=GROUP, thingName=THING)
    pipeline.client("greengrassv2").create_deployment(targetArn=target, components={})


def next_update(pipeline: OnLaptop) -> Any:
    jobs = pipeline.client("iot-jobs-data")
    told = jobs.start_next_pending_job_execution(thingName=THING)["execution"]
    jobs.update_job_execution(jobId=told["jobId"], thingName=THING, status="SUCCEEDED")
    return json.loads(told["jobDocument"])


def check_signed(pipeline: OnLaptop, update: Any) -> None:
    """Check what a device checks: the link leads to what the stack's key signed."""
    key = pipeline.target.stack_outputs()["EdgeSigningKeyArn"]
    public = load_der_public_key(pipeline.client("kms").get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(update["signature"])
    public.verify(signature, update["statement"].encode(), ec.ECDSA(hashes.SHA256()))
    with urllib.request.urlopen(update["url"]) as archive:
        digest = hashlib.sha256(archive.read()).hexdigest()
    assert json.loads(update["statement"])["sha256"] == digest


def test_a_champion_reaches_its_devices_once_there_is_a_group(
    pipeline: OnLaptop, designs: DesignSet
) -> None:
    pipeline.put_images(DATASET, designs)
    pipeline.settings(DATASET, edge={"targets": [GROUP]})
    first = pipeline.run(DATASET, designs.list_path.read_bytes())
    assert first.status["outcome"] == "Promoted"
    assert f"thing group {GROUP} does not exist, so nothing went out" in first.status["reason"]
    assert first.status["edge"]["released"] is False

    make_group(pipeline)
    again = pipeline.run(DATASET, designs.list_path.read_bytes(), "again")
    assert (again.status["outcome"], again.status["edge"]["released"]) == ("Unchanged", True)
    version = again.status["edge"]["version"]
    release = pipeline.json(EdgeKeys(DATASET).release(version))
    assert (release["run"], release["by"]) == (first.name, "greengrass")
    found = pipeline.client("greengrassv2").get_deployment(
        deploymentId=release["deployments"][0]["id"]
    )
    assert found["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"
    update = next_update(pipeline)
    assert (update["version"], update["dataset"]) == (version, DATASET)
    check_signed(pipeline, update)


def test_what_settings_ask_otherwise_reaches_devices_by_the_same_list(
    pipeline: OnLaptop, designs: DesignSet
) -> None:
    before = pipeline.json(DatasetKeys(DATASET).champion)
    pipeline.client("iot").create_thing_group(thingGroupName="others")
    label = pipeline.json(RunKeys(before["run"]).metrics)["labels"][0]["label"]
    asked = {"edge": {"targets": [GROUP, "others"]}, "thresholds": {label: 0.625}}
    pipeline.settings(DATASET, **asked)
    changed = pipeline.run(DATASET, designs.list_path.read_bytes(), "changed")
    told = changed.status
    assert (told["outcome"], told["edge"]["released"]) == ("Unchanged", True)
    assert "devices get another version: targets, thresholds changed; version" in told["reason"]
    version = told["edge"]["version"]
    assert version_order(version) > version_order(edge_version(before["created"]))
    assert told["edge"]["targets"] == [GROUP, "others"]
    update = next_update(pipeline)
    assert update["version"] == version
    check_signed(pipeline, update)
    with (
        urllib.request.urlopen(update["url"]) as body,
        zipfile.ZipFile(io.BytesIO(body.read())) as archive,
    ):
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["run"], manifest["thresholds"][label]) == (before["run"], 0.625)
    again = pipeline.run(DATASET, designs.list_path.read_bytes(), "changed-again")
    assert (again.status["outcome"], "edge" in again.status) == ("Unchanged", False)


def test_what_is_not_promoted_goes_nowhere_until_a_person_orders_it(
    pipeline: OnLaptop, designs: DesignSet
) -> None:
    """The run's model is packaged anew then, with a higher version; here by IoT jobs, in int8."""
    before = pipeline.json(DatasetKeys(DATASET).champion)["created"]
    pipeline.settings(
        DATASET,
        edge={"targets": [GROUP], "by": "jobs", "int8": True},
        training={"epochs": 1, "mini_batch_size": 16, "learning_rate": 0.002},
        promotion={"minimum_map": 1},
    )
    other = pipeline.run(DATASET, designs.list_path.read_bytes(), "other")
    assert (other.status["outcome"], "edge" in other.status) == ("NotPromoted", False)
    order(pipeline.target, other.name, "promote", "to see it", wait=True, as_json=True)
    ended = pipeline.json(RunKeys(other.name).status)
    assert (ended["outcome"], ended["edge"]["released"]) == ("Promoted", True)
    version = ended["edge"]["version"]
    assert version_order(version) > version_order(edge_version(before))
    release = pipeline.json(EdgeKeys(DATASET).release(version))
    assert (release["by"], release["component"]) == ("jobs", None)
    assert release["int8"]["accepted"] is (release["precision"] == "int8")
    update = next_update(pipeline)
    assert update["version"] == version
    check_signed(pipeline, update)


def test_the_roles_of_this_way_are_as_wide_as_their_use(pipeline: OnLaptop) -> None:
    """tests/e2e/test_rights.py holds all others to it; no run there goes to devices."""
    calls = calls_of(pipeline.cloud.state_dir)
    found = findings(pipeline, roles_of(pipeline), calls)
    mine = ("PlanPackageRole:", "PackagingRole:", "ReleaseEdgeRole:")
    over = [each for each in beyond(found, elsewhere=False) if each.startswith(mine)]
    assert not over, "\n".join(over)
