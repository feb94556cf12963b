"""The one place that says which environment a local "container" or Lambda worker sees.

Nothing is inherited from the person's shell: their AWS profile or proxy must not change what a
job does, and a job must not read what only they should know.
"""

import os
from pathlib import Path

from local.access.sessions import Session
from local.context import HOST, Cloud

PATH = "/usr/local/bin:/usr/bin:/bin"
_PASSED_ON = ("TMPDIR", "LANG", "LC_ALL", "TZ", "COVERAGE_PROCESS_CONFIG")  # the last in tests only


def whereabouts(cloud: Cloud) -> dict[str, str]:
    """Return the variables by which an AWS SDK finds this cloud, and only this one."""
    return {
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def home(cloud: Cloud) -> Path:
    """Return the folder that local processes take for the user's home."""
    folder = cloud.state_dir / "home"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def process_environment(cloud: Cloud, session: Session | None) -> dict[str, str]:
    """Return what every local process is given: a path, a home, this cloud, its role's session."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = session.variables if session else {}
    return {"PATH": PATH, "HOME": str(home(cloud)), **passed_on, **whereabouts(cloud), **own}


def container_environment(
    cloud: Cloud, image_env: dict[str, str], session: Session | None = None
) -> dict[str, str]:
    """Return a container's environment: the image's ENV within what the laptop decides.

    The image may choose OMP_NUM_THREADS and everything of its own; where things lie and whom it
    listens to are the laptop's.
    """
    return {
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
        "PYTHONUNBUFFERED": "1",
        **image_env,
        **process_environment(cloud, session),
        "PYTHONPATH": os.pathsep.join((str(cloud.root), str(cloud.root / "containers"))),
        "TAGLINE_BIND_HOST": HOST,
    }
