"""What Debian's packages give without being installed: programs to run, a root to stand on."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

_GET_SECONDS = 120
_ROOT_SECONDS = 300  # half a minute where the disk is not busy
_KEPT = re.compile(r"[^=]*\.(index-url|extra-index-url|trusted-host|proxy|timeout|cert)='(.*)'")
_UNREAD = ("man", "doc", "locale")


class Unavailable(Exception):
    """What this machine does not give; the message is why the images' tests are skipped."""


def unpacked(folder: Path, package: str) -> dict[str, str]:
    """Unpack a package and what it needs below `folder`; return an environment that finds it.

    Nothing is installed and no service starts. Raises Unavailable.
    """
    if os.geteuid() != 0:
        raise Unavailable(f"only root could get {package} and use it")
    if not shutil.which("apt-get"):
        raise Unavailable(f"there is no apt to get {package} by")
    archives, root = folder / f"{package}-archives", folder / package
    (archives / "partial").mkdir(parents=True)
    place = ["--option", f"Dir::Cache::archives={archives}"]
    get = ["apt-get", "--yes", "--quiet", "--no-install-recommends", "--download-only", *place]
    try:
        _done([*get, "install", package], _GET_SECONDS)
    except Unavailable:  # lists may be missing or old
        _done(["apt-get", "--quiet", "update"], _GET_SECONDS)
        _done([*get, "install", package], _GET_SECONDS)
    for archive in archives.glob("*.deb"):
        _done(["dpkg-deb", "--extract", str(archive), str(root)], _GET_SECONDS)
    programs = [f"{top}/usr/{part}" for top in (root, "") for part in ("bin", "sbin")]
    libraries = map(str, root.glob("**/lib/*-linux-gnu"))
    return os.environ | {
        "PATH": ":".join([*programs, os.environ["PATH"]]),
        "LD_LIBRARY_PATH": ":".join(libraries),
    }


def python_root(folder: Path, base: str) -> Path:
    """Return a tar of Debian with Python, to stand in for the image `base` of Docker's python.

    It has this machine's settings of apt and pip, and its certificates. Raises Unavailable.
    """
    named = re.search(r"python:(3\.\d+)-slim-([a-z]+)$", base)
    if not named:
        raise Unavailable(f"nothing can stand in for {base}")
    version, suite = named.groups()
    environment = unpacked(folder, "mmdebstrap")
    tar, apt, pip = folder / "base.tar", folder / "apt.conf", folder / "pip.conf"
    apt.write_text(_apt_settings())
    settings, certificates = _pip_settings()
    pip.write_text(settings)
    hooks = [
        f'cp {pip} "$1"/etc/pip.conf',
        'ln -s /usr/bin/python3 "$1"/usr/local/bin/python',
        f'test "$(readlink "$1"/usr/bin/python3)" = python{version}',
    ]
    if certificates:
        to = f'"$1"{shlex.quote(str(certificates))}'
        hooks.append(f"mkdir -p $(dirname {to}) && cp {shlex.quote(str(certificates))} {to}")
    command = [
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=apt", f"--aptopt={apt}"),
        "--include=passwd,python3,python3-venv,ca-certificates",
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in _UNREAD),
        "--dpkgopt=force-unsafe-io",
        *(f"--customize-hook={hook}" for hook in hooks),
        *(suite, str(tar), "-"),
    ]
    _done(command, _ROOT_SECONDS, environment | {"TMPDIR": str(folder)}, _sources(suite))
    return tar


def _done(
    command: list[str], seconds: float, environment: dict[str, str] | None = None, given: str = ""
) -> str:
    """Return what a command of the machine's printed; raise Unavailable where it does not work."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            input=given,
            env=environment,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Unavailable(str(exc)) from exc
    if done.returncode:
        last = (done.stderr.strip() or "without a word").splitlines()[-1]
        raise Unavailable(f"{command[0]} failed: {last}")
    return done.stdout


def _sources(suite: str) -> str:
    """Return the lines by which apt of this machine gets a suite of Debian."""
    wanted = ["--format", "deb $(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    found = set(_done(["apt-get", "indextargets", *wanted], _GET_SECONDS).splitlines())
    lines = sorted(line for line in found if line.split()[2].startswith(suite))
    if not lines:
        raise Unavailable(f"apt knows no source of Debian's {suite} here")
    return "\n".join(lines)


def _apt_settings() -> str:
    """Return what apt is told here about proxies, certificates and the age of lists."""
    dump = _done(["apt-config", "dump", "Acquire"], _GET_SECONDS).splitlines()
    return "\n".join(line for line in dump if re.match(r"Acquire::(Check-|https?\b)", line))


def _pip_settings() -> tuple[str, Path | None]:
    """Return what pip is told here about indexes, as a pip.conf, and the certificates it trusts."""
    listed = _done([sys.executable, "-m", "pip", "config", "list"], _GET_SECONDS).splitlines()
    found: dict[str, str] = {}
    for line in listed:  # the environment's come first, and win
        if kept := _KEPT.fullmatch(line):
            remote = [part for part in kept[2].split() if not part.startswith("file:")]
            found.setdefault(kept[1], " ".join(remote))
    certificates = found.get("cert", os.environ.get("SSL_CERT_FILE", ""))
    if certificates:
        found["cert"] = certificates
    lines = [f"{name} = {value}" for name, value in found.items() if value]
    return "\n".join(["[global]", *lines, ""]), Path(certificates) if certificates else None
