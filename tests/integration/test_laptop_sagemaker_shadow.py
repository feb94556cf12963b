"""An endpoint with a shadow on the laptop cloud: two server processes, one that is heard."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tagline.aws.s3 import Bucket
from tagline.formats.shadow import SHADOW_VARIANT
from tagline.serving.asked import asked
from tests.integration.laptop_sagemaker import BUCKET, Toys, add_toys
from tests.laptop import LaptopCloud, eventually

pytestmark = pytest.mark.cloud
NAME = "shadowed"


@pytest.fixture
def laptop(laptop_cloud: LaptopCloud) -> Toys:
    add_toys(laptop_cloud.root)
    return Toys(laptop_cloud)


def captured(laptop: Toys) -> dict[str, Counter[str]]:
    """Return the captured answers' ids by variant."""
    found: dict[str, Counter[str]] = {}
    bucket = Bucket(laptop.s3, BUCKET)
    for key in bucket.keys(f"captured/{NAME}/"):
        lines = laptop.get(f"s3://{BUCKET}/{key}").splitlines()
        ids = [json.loads(line)["eventMetadata"]["inferenceId"] for line in lines]
        found.setdefault(key.split("/")[2], Counter()).update(ids)
    return found


def test_a_shadow_is_asked_the_same_and_heard_by_nobody(laptop: Toys) -> None:
    laptop.create_config(f"{NAME}-1", b"old")
    laptop.create_config("unseen", b"new")
    laptop.sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=f"{NAME}-1")
    assert laptop.settled(NAME)["EndpointStatus"] == "InService"
    one = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "InitialVariantWeight": 1.0}
    production = {"VariantName": "AllTraffic", "ModelName": f"{NAME}-1", **one}
    shadow = {"VariantName": SHADOW_VARIANT, "ModelName": "unseen", **one}
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/captured/",
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }
    request = {"ProductionVariants": [production], "DataCaptureConfig": capture}
    with pytest.raises(ClientError, match="one of each variant"):
        laptop.sagemaker.create_endpoint_config(
            EndpointConfigName="x", ShadowProductionVariants=[shadow, shadow], **request
        )
    laptop.sagemaker.create_endpoint_config(
        EndpointConfigName=f"{NAME}-2", ShadowProductionVariants=[shadow], **request
    )
    laptop.sagemaker.update_endpoint(EndpointName=NAME, EndpointConfigName=f"{NAME}-2")
    found = laptop.settled(NAME)
    assert found["EndpointConfigName"] == f"{NAME}-2"
    assert found["ShadowProductionVariants"][0]["VariantName"] == SHADOW_VARIANT
    words = {"ContentType": "a", "Accept": "b"}
    ids = [f"id-{n}" for n in range(12)]
    began = datetime.now(UTC) - timedelta(minutes=1)
    answers = {laptop.invoke(NAME, b"", InferenceId=each, **words) for each in ids}
    assert answers == {b"a b old "}
    both = {"AllTraffic": Counter(ids), SHADOW_VARIANT: Counter(ids)}
    eventually(lambda: captured(laptop) == both)
    # whatever becomes of the shadow, its champion answers
    with pytest.raises(laptop.runtime.exceptions.ModelError):
        laptop.invoke(NAME, b"server", InferenceId="error", **words)
    cloudwatch = laptop.cloud.client("cloudwatch")

    def seen() -> bool:
        now = datetime.now(UTC) + timedelta(minutes=1)
        told = asked(cloudwatch, NAME, SHADOW_VARIANT, began, now)
        return (told.requests, told.errors) == (13, 1) and told.latency is not None

    eventually(seen)
    laptop.create_config(f"{NAME}-3", b"next")
    laptop.sagemaker.update_endpoint(EndpointName=NAME, EndpointConfigName=f"{NAME}-3")
    found = laptop.settled(NAME)
    assert (found["EndpointConfigName"], "ShadowProductionVariants" in found) == (
        f"{NAME}-3",
        False,
    )
    assert laptop.invoke(NAME, b"", **words) == b"a b next "
    lines = laptop.log_lines(f"/aws/sagemaker/Endpoints/{NAME}")
    eventually(
        lambda: (
            "the shadow got 13 requests; 0 were dropped"
            in laptop.log_lines(f"/aws/sagemaker/Endpoints/{NAME}")
        )
    )
    assert lines
