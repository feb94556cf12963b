"""What a shell is told of a laptop cloud: variables that every AWS client and SDK reads."""

import json
from collections.abc import Mapping
from pathlib import Path

from tagline.cli.cloud import RunningCloud
from tagline.cli.places import LAPTOP_KEY
from tagline.formats.keys import NOTEBOOKS

_REGION = "us-east-1"


def variables(cloud: RunningCloud, outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a shell that works with the laptop cloud.

    The last variable names a file of defaults for SageMaker's SDK, which is written here.
    """
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": LAPTOP_KEY,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_key,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(_sdk_defaults(cloud, outputs["DataBucket"])),
    }


def _sdk_defaults(cloud: RunningCloud, bucket: str) -> Path:
    """Write the SDK's defaults: which bucket is the default one, and no telemetry of a laptop.

    Without them the SDK asks AWS's own STS, whatever AWS_ENDPOINT_URL says, for the account that
    its default bucket is named after.
    https://sagemaker.readthedocs.io/en/stable/overview.html#configuring-and-using-defaults-with-the-sagemaker-python-sdk
    """
    path = cloud.state_dir / "sagemaker-sdk.yaml"
    session = {"DefaultS3Bucket": bucket, "DefaultS3ObjectKeyPrefix": NOTEBOOKS.rstrip("/")}
    modules = {"Session": session, "TelemetryOptOut": True}
    defaults = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": modules}}}
    path.write_text(json.dumps(defaults, indent=1) + "\n", encoding="utf-8")  # JSON is YAML
    return path
