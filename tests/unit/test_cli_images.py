"""`tagline images push`: what docker is asked for, and what is pinned."""

import json
import os
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from tagline.cli import images
from tagline.cli.environments import ROOT
from tagline.cli.main import app

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PARAMETERS = (
    *("Im2recImageUri", "TrainerImageUri", "TorchTrainerImageUri"),
    *("ScriptImageUri", "RecommenderImageUri"),
    "ServerImageUri",
)
RECORDER = """#!{python}
import json, sys
with open({log!r}, "a") as log:
    given = "" if {name!r} == "sam" or "login" not in sys.argv else sys.stdin.read()
    log.write(json.dumps([{name!r}, *sys.argv[1:], given]) + "\\n")
sys.exit({code})
"""


@dataclass
class Desk:
    """A machine with a docker and a sam that only write down what they are asked."""

    folder: Path
    config: Path

    def put(self, name: str, code: int = 0) -> Path:
        path = self.folder / name
        log = str(self.folder / "asked.jsonl")
        path.write_text(RECORDER.format(python=sys.executable, log=log, name=name, code=code))
        path.chmod(0o755)
        return path

    @property
    def asked(self) -> list[list[str]]:
        path = self.folder / "asked.jsonl"
        lines = path.read_text().splitlines() if path.is_file() else []
        return [json.loads(line) for line in lines]

    def run(self, *options: str) -> Any:
        given = ["images", "push", "--tag", "t1", "--config", str(self.config), *options]
        return CliRunner().invoke(app, given)

    @property
    def overrides(self) -> list[str]:
        found = tomllib.loads(self.config.read_text())
        words = found["default"]["deploy"]["parameters"].get("parameter_overrides", [])
        assert isinstance(words, list)
        return words


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    config = tmp_path / "samconfig.toml"
    config.write_text((ROOT / "samconfig.toml").read_text())
    found = Desk(tmp_path, config)
    found.put("docker")
    sam = found.put("sam")
    monkeypatch.setattr(images, "tool", lambda _environment, _name: sam)
    with mock_aws():
        yield found


def lie_in_ecr(kind: str = DOCKER) -> None:
    """Put images into ECR as the push would have."""
    ecr = boto3.client("ecr")
    for name in images.IMAGES:
        ecr.create_repository(repositoryName=f"tagline/{name}")
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": [], "n": name}
        ecr.put_image(
            repositoryName=f"tagline/{name}",
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=kind,
            imageTag="t1",
        )


def test_all_are_built_for_sagemaker_pushed_and_pinned(desk: Desk) -> None:
    lie_in_ecr()
    done = desk.run()
    assert done.exit_code == 0, done.output
    sam, login, *builds = desk.asked
    assert sam[:2] == ["sam", "deploy"]
    assert sam[sam.index("--template-file") + 1].endswith("templates/registry.yaml")
    assert login[:5] == ["docker", "login", "--username", "AWS", "--password-stdin"]
    assert login[5] == HOST
    assert login[6], "the password comes by stdin, where no list of processes shows it"
    for name, build in zip(images.IMAGES, builds, strict=True):
        assert build[:3] == ["docker", "buildx", "build"]
        assert build[build.index("--platform") + 1] == "linux/amd64"
        assert {"--provenance=false", "--sbom=false"} <= set(build)
        output = build[build.index("--output") + 1]
        assert output == (
            f"type=image,name={HOST}/tagline/{name}:t1,push=true,oci-mediatypes=false"
        )
        assert build[build.index("--file") + 1].endswith(f"containers/{name}/Dockerfile")
    assert [word.split("=", 1)[0] for word in desk.overrides] == list(PARAMETERS)
    for word, name in zip(desk.overrides, images.IMAGES, strict=True):
        assert f"={HOST}/tagline/{name}@sha256:" in word


def test_what_is_set_already_stays(desk: Desk) -> None:
    lie_in_ecr()
    text = desk.config.read_text().replace(
        "[default.deploy.parameters]\n",
        "[default.deploy.parameters]\n"
        'parameter_overrides = "AlertEmail=a@example.org Im2recImageUri=old"\n',
    )
    desk.config.write_text(text)
    assert desk.run().exit_code == 0
    assert desk.run().exit_code == 0, "and once more"
    assert desk.overrides[0] == "AlertEmail=a@example.org"
    assert len(desk.overrides) == 1 + len(PARAMETERS)
    assert "=old" not in str(desk.overrides)
    before = tomllib.loads(text)
    after = tomllib.loads(desk.config.read_text())
    for found in (before, after):
        del found["default"]["deploy"]["parameters"]["parameter_overrides"]
    assert after == before


def test_what_sagemaker_would_refuse_is_not_pinned(desk: Desk) -> None:
    lie_in_ecr(INDEX)
    done = desk.run()
    assert done.exit_code == 1
    assert INDEX in done.output
    assert desk.overrides == []


def test_a_build_that_fails_ends_it(desk: Desk) -> None:
    lie_in_ecr()
    desk.put("docker", code=3)
    done = desk.run()
    assert done.exit_code == 1
    assert "failed (exit 3)" in done.output
    assert len(desk.asked) == 2
    assert desk.overrides == []


def test_without_docker_nothing_is_begun(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk.folder / "docker").unlink()
    monkeypatch.setenv("PATH", str(desk.folder))
    done = desk.run()
    assert done.exit_code == 1
    assert "docker is not on PATH" in done.output
    assert desk.asked == []


def test_a_dry_run_prints_the_commands_and_runs_none(desk: Desk) -> None:
    done = desk.run("--dry-run")
    assert done.exit_code == 0
    assert desk.asked == []
    lines = [shlex.split(line) for line in done.output.splitlines() if not line.startswith("#")]
    builds = [["docker", "buildx"]] * len(PARAMETERS)
    assert [line[:2] for line in lines[1:]] == [["docker", "login"], *builds]
    assert desk.overrides == []


@pytest.mark.parametrize("tag", ["", "-x", "a b", "x" * 129])
def test_a_tag_is_one_that_a_registry_takes(desk: Desk, tag: str) -> None:
    done = CliRunner().invoke(app, ["images", "push", "--tag", tag, "--dry-run"])
    assert (done.exit_code == 0) == (tag == "")  # none given: the time


def test_a_configuration_without_its_section_is_refused_before_anything_runs(desk: Desk) -> None:
    desk.config.write_text("version = 0.1\n")
    done = desk.run()
    assert done.exit_code == 1
    assert "no section [default.deploy.parameters]" in done.output
    assert desk.asked == []
