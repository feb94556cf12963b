"""`tagline up`: the laptop cloud with the stack, in the foreground."""

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

import typer

from tagline.cli import places
from tagline.cli.cloud import RunningCloud, running_cloud
from tagline.cli.interrupts import stop_signals
from tagline.cli.output import emit, facts_table, print_json, say
from tagline.cli.places import LAPTOP_KEY, STATE, CloudFile, live_cloud
from tagline.cli.shell import variables


def up(
    *,
    port: int,
    fresh: bool,
    state_dir: Path | None,
    source_bucket: Sequence[str] | None,
    parameter: Sequence[str] | None,
    stack: str,
    secret: bool,
    as_json: bool,
) -> None:
    """Start the laptop cloud, deploy the stack, and stay until Ctrl-C."""
    key = secrets.token_urlsafe(30) if secret else None
    parameters = _named(parameter or ())
    try:
        with (
            stop_signals(),
            running_cloud(
                port,
                state_dir or STATE / "cloud",
                fresh=fresh,
                source_buckets=source_bucket or (),
                parameters=parameters,
                stack=stack,
                secret_key=key,
            ) as cloud,
            announced(cloud) as told,
        ):
            if as_json:
                print_json({"endpoint": told.endpoint, "port": told.port, "pid": told.pid,
                            "access_key": LAPTOP_KEY, "secret_key": told.secret_key,
                            "outputs": told.outputs, "log": str(cloud.log),
                            "environment": variables(cloud)})  # fmt: skip
            else:
                print_urls(cloud, told.outputs)
            say("Ready. Ctrl-C stops it.", style="bold")
            cloud.wait()
    except KeyboardInterrupt:
        say("Stopped.")


def _named(parameters: Sequence[str]) -> dict[str, str]:
    """Return NAME=VALUE pairs by name."""
    for pair in parameters:
        if not re.fullmatch(r"[A-Za-z0-9]+=.*", pair, re.DOTALL):
            raise typer.BadParameter(f"--parameter takes NAME=VALUE, not {pair!r}")
    return dict(pair.split("=", 1) for pair in parameters)


@contextmanager
def announced(cloud: RunningCloud) -> Iterator[CloudFile]:
    """Let other commands find the cloud, unless they already talk to another that runs."""
    told = CloudFile(
        endpoint=cloud.endpoint,
        port=cloud.port,
        pid=os.getpid(),
        outputs=cloud.target.stack_outputs(),
        secret_key=cloud.secret_key,
    )
    other = live_cloud()
    if other is not None:
        say(
            f"Another laptop cloud runs at {other.endpoint}: commands go there unless "
            f"AWS_ENDPOINT_URL={cloud.endpoint}",
            style="yellow",
        )
        yield told
        return
    told.write(places.CLOUD_FILE)
    try:
        yield told
    finally:
        places.CLOUD_FILE.unlink(missing_ok=True)


def print_urls(cloud: RunningCloud, outputs: dict[str, str]) -> None:
    """Print where everything is and what to type next."""
    api = outputs["ApiUrl"].rstrip("/")
    exported = [f"{name}={quote(value)}" for name, value in variables(cloud).items()]
    emit(
        facts_table(
            {
                "Endpoint": cloud.endpoint,
                "Data bucket": f"s3://{outputs['DataBucket']}",
                "API": api,
                "Page": f"{api}/",
                "OpenAPI": f"{api}/openapi.json",
                "State machine": outputs["StateMachineArn"],
                "State": cloud.state_dir,
                "Logs": cloud.log,
            }
        )
    )
    emit(
        "\n".join(
            (
                "Any AWS client and SageMaker's SDK, from another terminal:",
                f"  export {' '.join(exported[:2])}",
                f"  export {' '.join(exported[2:4])}",
                *(f"  export {more}" for more in exported[4:]),
                f"  aws s3 ls s3://{outputs['DataBucket']}/",
                "The tagline command finds this cloud by itself:",
                "  tagline drop DATASET list.lst --labels labels.txt --images DIR --wait",
                "  tagline tag DATASET image.png",
                "The API, without it:",
                f"  curl --data-binary @image.png {api}/datasets/DATASET/tags",
            )
        )
    )
