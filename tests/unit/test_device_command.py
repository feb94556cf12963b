"""The command on a device: what it is told, what it refuses, and in which words."""

import json
from pathlib import Path

import pytest

from tagline_device.command import main
from tagline_device.disk import alone
from tagline_device.updates import installing
from tests.edge.device_world import Signer, archive, device_json, film, statement, version

SIGNER = Signer()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return device_json(tmp_path, SIGNER, "127.0.0.1:9")


def install(config: Path, number: int) -> int:
    data = archive(version(number))
    path, signature = config.with_name("model.zip"), config.with_name("signature")
    path.write_bytes(data)
    text = statement(data, version(number))
    signature.write_text(SIGNER.sign(text) + "\n")
    told = ["--statement", text, "--signature", f"@{signature}"]
    return main(["install", "--device", str(config), *told, str(path)])


def test_versions_come_and_go_back(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(installing, "try_out", lambda _: None)  # a process of its own elsewhere
    assert main(["back", "--device", str(config)]) == 2
    assert "no version before" in capsys.readouterr().err
    assert [install(config, number) for number in (1, 2)] == [0, 0]
    assert main(["back", "--device", str(config)]) == 0
    capsys.readouterr()
    assert main(["status", "--device", str(config)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["previous"], told["buffered"]) == (version(1), version(2), 0)


def test_what_is_wrong_is_said(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film(tmp_path / "film.avi", [(1, 2, 3)], frames=1)
    (tmp_path / "empty.avi").touch()
    (tmp_path / "odd.json").write_text("{}")
    device = ["--device", str(config)]
    for arguments, said in (
        (["--device", str(tmp_path / "none.json"), "--source", "x"], "`tagline device add NAME"),
        (["--device", str(tmp_path / "odd.json"), "--source", "x"], "odd.json"),
        ([*device, "--source", str(tmp_path / "none.avi")], "no such file"),
        ([*device, "--source", str(tmp_path / "empty.avi"), "--port", "0"], "no frame"),
        ([*device, "--source", "x", "--dataset", "other"], "registered for 'colours'"),
        (["install", *device, "--statement", "@none", "--signature", "", "x"], "x: no such file"),
    ):
        assert main(arguments) == 2
        assert said in capsys.readouterr().err


def test_two_do_not_work_in_one_folder(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = config.parent / "state"
    state.mkdir()
    with alone(state):
        assert main(["--device", str(config), "--source", "x", "--port", "0"]) == 2
        assert "stop it first" in capsys.readouterr().err
