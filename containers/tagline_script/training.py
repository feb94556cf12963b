"""What the toolkit calls to run the person's script: the image's SAGEMAKER_TRAINING_MODULE.

https://github.com/aws/sagemaker-training-toolkit - the toolkit reads the job's files, fetches the
script, and tells what came of it in the failure file.
"""

import logging
import os
import platform
import signal
import sys
from importlib.metadata import version
from pathlib import PurePosixPath
from types import FrameType

from sagemaker_training import entry_point, environment, errors

from tagline.formats.machine import busy, physical_cores
from tagline_script.tail import tail_of_stderr

_THREADS = "OMP_NUM_THREADS"
_BASE = PurePosixPath("/opt/ml")
_FAILED = (
    errors.ExecuteUserScriptError,
    errors.InstallModuleError,
    errors.InstallRequirementsError,
)


def main() -> None:
    """Run the script; raises the toolkit's errors, which become the job's FailureReason."""
    for handler in logging.getLogger().handlers:  # what the script says is kept apart from the rest
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stdout)
    sys.stdout.write(
        f"MXNet {version('mxnet')} on Python {platform.python_version()}, whatever "
        "framework_version and py_version ask for\n"
    )
    sys.stdout.flush()
    if not os.environ.get(_THREADS):  # threads that do not get a core each wait for one another
        os.environ[_THREADS] = "1" if busy() else str(physical_cores())
    if os.getpid() == 1:  # a container's first process is told alone that it is to end
        signal.signal(signal.SIGTERM, _tell_all)
    job = environment.Environment()
    with tail_of_stderr() as tail:
        try:
            entry_point.run(
                uri=here(job.module_dir, environment.base_dir),
                user_entry_point=job.user_entry_point,
                args=job.to_cmd_args(),
                env_vars=job.to_env_vars(),
            )
        except _FAILED as exc:
            failed = exc
        else:
            return
    failed.output = tail.told  # whole, since the pipe has ended
    raise failed


def here(uri: str, base: str) -> str:
    """Return where a script lies that a job was told of; /opt/ml is elsewhere off SageMaker."""
    path = PurePosixPath(uri)
    if uri.startswith("s3://") or not path.is_relative_to(_BASE):
        return uri
    return str(PurePosixPath(base) / path.relative_to(_BASE))


def _tell_all(signum: int, _frame: FrameType | None) -> None:
    signal.signal(signum, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signum)
