"""The folders and configuration files that a training container finds under /opt/ml.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import json
from pathlib import Path

from local.sagemaker.store import Record

_SHARDED = "ShardedByS3Key"


def sharded(channel: Record) -> bool:
    """Return whether each machine gets objects of its own of a channel."""
    source = channel["DataSource"]["S3DataSource"]
    return bool(source.get("S3DataDistributionType") == _SHARDED)


def write_config(base: Path, record: Record, host: str, hosts: list[str]) -> None:
    """Lay them out for the machine `host` of `hosts`."""
    for folder in ("input/config", "input/data", "model", "output/data", "checkpoints"):
        (base / folder).mkdir(parents=True)
    mode = record["AlgorithmSpecification"].get("TrainingInputMode", "File")
    inputs = {
        channel["ChannelName"]: {
            "TrainingInputMode": channel.get("InputMode", mode),
            "S3DistributionType": _SHARDED if sharded(channel) else "FullyReplicated",
            "RecordWrapperType": "None",
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in record.get("InputDataConfig", [])
    }
    resources = {
        "current_host": host,
        "hosts": hosts,
        "current_instance_type": record["ResourceConfig"]["InstanceType"],
        "network_interface_name": "lo",
    }
    for name, content in (
        ("hyperparameters", record.get("HyperParameters", {})),
        ("inputdataconfig", inputs),
        ("resourceconfig", resources),
    ):
        file = base / "input" / "config" / f"{name}.json"
        file.write_text(json.dumps(content, indent=1), encoding="utf-8")
