"""Training containers that install packages of their own, as a script's requirements.txt asks.

A container's file system ends with it; an environment of this machine is everybody's. So a job
whose environment has pip gets one of its own on top of it, in the job's folder: what pip installs
goes there, and comes before what the image has.
"""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from local.images import LocalCommand

_PACKAGES = "lib/python*/site-packages"
# where packages come from is the person's: an index of their own, the certificate it has
_OF_THE_PERSON = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
_CONFIG = Path(".config/pip/pip.conf")


class CannotInstall(RuntimeError):
    """The job's own environment could not be made."""


def with_own_packages(command: LocalCommand, folder: Path) -> LocalCommand:
    """Return the command in an environment at `folder`; unchanged where nothing is installed."""
    program = Path(command.argv[0])
    venv = program.parent.parent
    packages = next((found for found in venv.glob(_PACKAGES) if (found / "pip").is_dir()), None)
    if packages is None:
        return command
    made = subprocess.run(
        [venv / "bin/python", "-m", "venv", "--without-pip", "--clear", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise CannotInstall(f"{folder} could not be made: {made.stderr.strip()}")
    (own,) = folder.glob(_PACKAGES)
    (own / "image.pth").write_text(f"{packages}\n", encoding="utf-8")
    argv = command.argv[1:] if program.name == "python" else command.argv
    return replace(
        command, argv=[str(folder / "bin/python"), *argv], env={**_of_the_person(), **command.env}
    )


def _of_the_person() -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if name.startswith(_OF_THE_PERSON)}
    if (Path.home() / _CONFIG).is_file():  # a job's home is another one
        found.setdefault("PIP_CONFIG_FILE", str(Path.home() / _CONFIG))
    return found
