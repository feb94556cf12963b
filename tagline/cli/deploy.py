"""The real `sam build` and `sam deploy`, pointed at the laptop cloud."""

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from tagline.cli.environments import ROOT, tool
from tagline.cli.errors import Refused
from tagline.cli.places import HOST, LAPTOP_KEY, LAPTOP_SECRET

# what `sam build` reads; a change in any of it builds again
_SOURCES = ("template.yaml", "templates", "statemachine", "functions", "layer", "tagline")
_LAST_LINES = 15
_KEPT = ("LANG", "LC_ALL", "TMPDIR", "SSL_CERT_DIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")
_PACKAGES = ("PIP_", "UV_")  # where the layer's packages come from


def build(build_dir: Path, log: Path, environment: Mapping[str, str]) -> None:
    """Build functions and layer into `build_dir`, unless it was built from the same sources."""
    mark = build_dir.with_name(f"{build_dir.name}.sources")
    sources = _digest(_source_files())
    if mark.is_file() and mark.read_text() == sources and (build_dir / "template.yaml").is_file():
        return
    mark.unlink(missing_ok=True)
    _sam(["build", "--template-file", "template.yaml", "--build-dir", str(build_dir)], log,
         environment)  # fmt: skip
    mark.write_text(sources)


def deploy(
    build_dir: Path,
    stack: str,
    log: Path,
    environment: Mapping[str, str],
    parameters: Mapping[str, str],
) -> None:
    """Deploy what was built as a stack; an unchanged stack is no error.

    Template parameters not in `parameters` keep their value, the default at first.
    """
    given = [f"{name}={value}" for name, value in parameters.items()]
    _sam(
        [
            "deploy",
            *("--template-file", str(build_dir / "template.yaml")),
            *("--stack-name", stack),
            "--resolve-s3",
            *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            *(["--parameter-overrides", *given] if given else []),
        ],
        log,
        environment,
    )


def sam_environment(endpoint: str, home: Path, secret_key: str = LAPTOP_SECRET) -> dict[str, str]:
    """Return the environment of a sam that reaches the laptop cloud and nothing else."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    packages = {name: value for name, value in os.environ.items() if name.startswith(_PACKAGES)}
    return {
        "XDG_CACHE_HOME": str(Path.home() / ".cache"),  # packages that are there already
        **kept,
        **packages,
        # `make` and `python` for the layer's own build, from where this command runs
        "PATH": os.pathsep.join((str(ROOT / ".venv" / "bin"), os.environ.get("PATH", os.defpath))),
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": LAPTOP_KEY,
        "AWS_SECRET_ACCESS_KEY": secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": HOST,
        "SAM_CLI_POLL_DELAY": "0.5",  # seconds; 5 unless told, and a stack is up in fewer here
        "SAM_CLI_TELEMETRY": "0",
        "NO_COLOR": "1",
    }


def _sam(arguments: list[str], log: Path, environment: Mapping[str, str]) -> None:
    """Run sam from the repository root; raises Refused with its last lines when it fails."""
    command = [str(tool("sam", "sam")), *arguments]
    with log.open("ab") as output:
        start = output.tell()
        output.write(f"$ sam {' '.join(arguments)}\n".encode())
        output.flush()
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                code = process.wait()
            except BaseException:  # Ctrl-C too: sam's own children go with it
                os.killpg(process.pid, signal.SIGTERM)
                raise
    if code:
        with log.open("rb") as written:
            written.seek(start)
            said = written.read().decode(errors="replace")
        raise Refused(f"sam {arguments[0]} failed (all of it in {log}): {_complaint(said)}")


def _complaint(said: str) -> str:
    """Return what sam says from its last "Error" on, or its last lines."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    starts = [number for number, line in enumerate(lines) if line.startswith("Error")]
    return " | ".join(lines[starts[-1] :] if starts else lines[-_LAST_LINES:])


def _source_files() -> Iterator[Path]:
    for name in _SOURCES:
        place = ROOT / name
        if place.is_file():
            yield place
        else:
            yield from (
                path
                for path in sorted(place.rglob("*"))
                if path.is_file() and path.suffix != ".pyc"
            )


def _digest(files: Iterator[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode}\0{content}\n".encode())
    return digest.hexdigest()
