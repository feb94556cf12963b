"""`tagline up` before anything starts, and a cloud that starts, fails or dies."""

import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from tagline.cli import cloud as cloud_module
from tagline.cli import demo as demo_module
from tagline.cli import deploy as deploy_module
from tagline.cli import environments, places
from tagline.cli.cloud import running_cloud
from tagline.cli.commands import COMMANDS
from tagline.cli.errors import Refused
from tagline.cli.interrupts import stop_signals
from tagline.cli.main import app
from tagline.cli.outcome import RunOutcome
from tagline.cli.places import free_port
from tagline.cli.target import Target
from tests.unit.cli_stack import OUTPUTS

runner = CliRunner()
READY = "print('ready http://127.0.0.1', flush=True)\n"
OPENING = "print('opening /somewhere', flush=True)\n"
STAY = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository root whose `local` package is a script and whose deployment does nothing."""
    package = tmp_path / "root" / "local"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()  # else the checkout's own comes first
    monkeypatch.setattr(cloud_module, "ROOT", tmp_path / "root")
    monkeypatch.setattr(places, "CLOUD_FILE", tmp_path / "cloud.json")
    monkeypatch.setattr(cloud_module, "tool", lambda _environment, _name: Path(sys.executable))
    monkeypatch.setattr(cloud_module, "build", lambda *_: None)
    monkeypatch.setattr(cloud_module, "deploy", lambda *_: None)
    monkeypatch.setattr(cloud_module, "_former_endpoints", lambda _target: [])
    monkeypatch.setattr(Target, "stack_outputs", lambda _self: OUTPUTS)
    (tmp_path / "state").mkdir()
    return package / "__main__.py"


def test_a_taken_port_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_module, "tool", lambda _environment, _name: Path(sys.executable))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = runner.invoke(app, ["up", "--port", str(port), "--state-dir", str(tmp_path / "x")])
    assert result.exit_code == 1
    assert f"port {port} is taken" in result.stderr
    assert not (tmp_path / "x").exists()


def test_missing_environments_say_make_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    result = runner.invoke(app, ["up", "--port", str(free_port())])
    assert result.exit_code == 1
    assert "run `make install`" in result.stderr


def test_a_cloud_is_stopped_at_the_end(laptop: Path, tmp_path: Path) -> None:
    laptop.write_text(f"{STAY}{READY}signal.pause()\n")
    with running_cloud(free_port(), tmp_path / "state") as cloud:
        assert cloud.process.poll() is None
        assert cloud.target.outputs.bucket == OUTPUTS["DataBucket"]
    assert cloud.process.returncode == 0


def test_sam_takes_packages_from_where_the_person_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/one")
    monkeypatch.setenv("UV_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("AWS_PROFILE", "production")
    environment = deploy_module.sam_environment("http://127.0.0.1:1", tmp_path)
    assert environment["HOME"] == str(tmp_path)  # no ~/.aws
    assert environment["XDG_CACHE_HOME"] == "/home/one/.cache"
    assert float(environment["SAM_CLI_POLL_DELAY"]) < 1  # sam looks every 5 seconds otherwise
    assert environment["UV_INDEX_URL"] == "https://mirror.example/simple"
    assert "AWS_PROFILE" not in environment


@pytest.mark.parametrize("buckets", [(), ("one", "other")])
def test_the_laptop_looks_at_its_endpoints_often(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buckets: tuple[str, ...]
) -> None:
    given: list[dict[str, str]] = []
    monkeypatch.setattr(cloud_module, "deploy", lambda *arguments: given.append(arguments[-1]))
    laptop.write_text(f"{STAY}{READY}signal.pause()\n")
    with running_cloud(free_port(), tmp_path / "state", source_buckets=buckets):
        pass
    assert given[0].pop("EndpointCheckSeconds") == given[0].pop("EndpointBakeSeconds") == "1"
    assert given[0].pop("ApiOpenChanges") == "true"  # nobody but this machine can reach it
    assert given == [{"SourceBuckets": "one,other"} if buckets else {}]


def test_a_bucket_that_an_earlier_stack_left_is_gone_on_with(
    laptop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given: list[dict[str, str]] = []
    monkeypatch.setattr(cloud_module, "deploy", lambda *arguments: given.append(arguments[-1]))
    monkeypatch.setattr(cloud_module, "bucket_left", lambda _target: "left")
    laptop.write_text(f"{STAY}{READY}signal.pause()\n")
    with running_cloud(free_port(), tmp_path / "state"):
        pass
    assert "Going on with the data in s3://left" in capsys.readouterr().err
    named = {"ExistingBucket": "mine"}
    with running_cloud(free_port(), tmp_path / "state", parameters=named):
        pass
    assert [parameters["ExistingBucket"] for parameters in given] == ["left", "mine"]


def test_the_functions_are_built_while_the_cloud_starts(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "built"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(built)!r}).exists():\n"
    laptop.write_text(f"{STAY}{OPENING}{wait}    time.sleep(0.01)\n{READY}signal.pause()\n")
    monkeypatch.setattr(cloud_module, "build", lambda *_: built.touch())
    with running_cloud(free_port(), tmp_path / "state") as cloud:
        assert cloud.process.poll() is None


def test_what_the_cloud_compiles_is_kept(
    laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    refuse = "assert not sys.dont_write_bytecode, 'it writes none'\n"
    laptop.write_text(f"{STAY}{refuse}{READY}signal.pause()\n")
    with running_cloud(free_port(), tmp_path / "state"):
        pass


def test_a_cloud_is_stopped_when_the_block_fails(laptop: Path, tmp_path: Path) -> None:
    laptop.write_text(f"{STAY}{READY}signal.pause()\n")
    clouds = []

    def use_and_fail() -> None:
        with running_cloud(free_port(), tmp_path / "state") as cloud:
            clouds.append(cloud)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert clouds[0].process.returncode == 0


def test_why_a_cloud_did_not_start_is_told(laptop: Path, tmp_path: Path) -> None:
    laptop.write_text("raise SystemExit('laptop cloud: another one is using it')\n")
    with (
        pytest.raises(Refused, match="another one is using it"),
        running_cloud(free_port(), tmp_path / "state"),
    ):
        pass


def test_up_ends_with_1_when_the_cloud_dies(laptop: Path, tmp_path: Path) -> None:
    laptop.write_text(f"{READY}import time\ntime.sleep(0.5)\nraise SystemExit('out of memory')\n")
    result = runner.invoke(
        app, ["up", "--port", str(free_port()), "--state-dir", str(tmp_path / "state")]
    )
    assert result.exit_code == 1
    assert "Data bucket" in result.stdout
    assert "ended by itself (exit 1): ready http://127.0.0.1 | out of memory" in result.stderr
    assert not places.CLOUD_FILE.exists()


def test_sigterm_ends_a_command_as_ctrl_c_does() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), stop_signals():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_sam_complains_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sam = tmp_path / "sam"
    sam.write_text("#!/bin/sh\necho Uploading\necho 'Error: no such thing'\necho hint\nexit 1\n")
    sam.chmod(0o755)
    monkeypatch.setattr(deploy_module, "tool", lambda *_: sam)
    with pytest.raises(Refused, match=r"sam deploy failed .*: Error: no such thing \| hint$"):
        deploy_module.deploy(tmp_path, "tagline", tmp_path / "sam.log", dict(os.environ), {})


@pytest.mark.parametrize(
    ("parameters", "told"),
    [({}, "--no-fail-on-empty-changeset\n"), ({"A": "b,c"}, "--parameter-overrides A=b,c\n")],
)
def test_parameters_reach_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], told: str
) -> None:
    sam, log = tmp_path / "sam", tmp_path / "sam.log"
    sam.write_text('#!/bin/sh\necho "$@"\n')
    sam.chmod(0o755)
    monkeypatch.setattr(deploy_module, "tool", lambda *_: sam)
    deploy_module.deploy(tmp_path, "tagline", log, dict(os.environ), parameters)
    assert log.read_text().endswith(told)


def test_nothing_is_built_again_until_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    (root / "tagline").mkdir(parents=True)
    (root / "tagline" / "rules.py").write_text("A = 1\n")
    (root / "template.yaml").write_text("{}")
    sam = tmp_path / "sam"
    sam.write_text(f"#!/bin/sh\nmkdir -p {tmp_path}/build; touch {tmp_path}/build/template.yaml\n")
    sam.chmod(0o755)
    monkeypatch.setattr(deploy_module, "tool", lambda *_: sam)
    monkeypatch.setattr(deploy_module, "ROOT", root)
    log = tmp_path / "sam.log"

    def builds() -> int:
        deploy_module.build(tmp_path / "build", log, dict(os.environ))
        return log.read_text().count("$ sam build")

    assert builds() == 1
    assert builds() == 1
    (root / "tagline" / "rules.py").write_text("A = 2\n")
    assert builds() == 2


def test_the_demo_says_which_port_it_takes_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_module, "port_taken", lambda _port: True)
    port = demo_module._choose_port()
    assert port != 4566
    assert f"the demo uses {port}" in capsys.readouterr().err


def promoted(mean_ap: float) -> RunOutcome:
    names = ("run", "dataset", "outcome", "state", "reason", "started", "ended", "report")
    scores = {"mAP": mean_ap, "baseline_map": 0.2, "champion_map": None, "cost": None}
    return msgspec.convert(dict.fromkeys(names, "x") | scores | {"judged_on": "test"}, RunOutcome)


def test_the_demo_fails_on_a_model_that_hardly_beats_guessing() -> None:
    demo_module._judge(promoted(0.61))
    with pytest.raises(Refused, match=r"mAP 0.5900 is below 3 times the baseline 0.2000"):
        demo_module._judge(promoted(0.59))


def test_a_secret_goes_to_the_cloud_the_environment_block_and_the_other_commands(
    laptop: Path, tmp_path: Path
) -> None:
    laptop.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        "argv = Path('/proc/self/cmdline').read_text()\n"
        "secret = os.environ['TAGLINE_SECRET_KEY']\n"
        "assert '--locked' in sys.argv and secret not in argv\n"
        f"Path({str(tmp_path / 'given')!r}).write_text(secret)\n"
        f"Path({str(tmp_path / 'told')!r}).touch()\n"
        f"{READY}"
        f"file = Path({str(tmp_path / 'cloud.json')!r})\n"
        "while not file.exists(): pass\n"
        f"Path({str(tmp_path / 'told')!r}).write_text(file.read_text())\n"
    )
    arguments = ["up", "--secret", "--port", str(free_port())]
    result = runner.invoke(app, [*arguments, "--state-dir", str(tmp_path / "state")])
    given = (tmp_path / "given").read_text()
    assert len(given) >= 40
    assert f"AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY={given}" in result.stdout
    assert msgspec.json.decode((tmp_path / "told").read_text())["secret_key"] == given


def test_without_one_the_key_is_test_whatever_the_shell_has(laptop: Path, tmp_path: Path) -> None:
    laptop.write_text(f"import sys\nassert '--locked' not in sys.argv\n{READY}")
    result = runner.invoke(
        app, ["up", "--port", str(free_port()), "--state-dir", str(tmp_path / "state")]
    )
    assert "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test" in result.stdout


def test_what_the_demo_says_comes_next_are_commands() -> None:
    assert {command.split()[1] for command in demo_module.NEXT} <= set(COMMANDS)
