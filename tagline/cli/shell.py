"""What a shell is told of a laptop cloud: variables that every AWS client and SDK reads."""

import json
from pathlib import Path

from tagline.cli.cloud import RunningCloud
from tagline.cli.places import LAPTOP_KEY

_REGION, _ACCOUNT = "us-east-1", "000000000000"  # of every laptop cloud


def variables(cloud: RunningCloud) -> dict[str, str]:
    """Return the environment of a shell that works with the laptop cloud.

    The last variable names a file of defaults for SageMaker's SDK, which is written here.
    """
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": LAPTOP_KEY,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_key,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(_sdk_defaults(cloud)),
    }


def _sdk_defaults(cloud: RunningCloud) -> Path:
    """Write the SDK's defaults: its default bucket by name, and no telemetry of a laptop.

    The bucket is the one that it would take anyhow. But to know the account that is part of the
    name it asks STS, at AWS's own address whatever AWS_ENDPOINT_URL says.
    https://sagemaker.readthedocs.io/en/stable/overview.html#configuring-and-using-defaults-with-the-sagemaker-python-sdk
    """
    path = cloud.state_dir / "sagemaker-sdk.yaml"
    session = {"DefaultS3Bucket": f"sagemaker-{_REGION}-{_ACCOUNT}"}
    modules = {"Session": session, "TelemetryOptOut": True}
    defaults = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": modules}}}
    path.write_text(json.dumps(defaults, indent=1) + "\n", encoding="utf-8")  # JSON is YAML
    return path
