"""`tagline im2rec` beside MXNet's im2rec.py: the same lists, records and indexes."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.packing_run import drawing

ROOT = Path(__file__).parents[2]
OURS: list[str | Path] = [ROOT / ".venv/bin/tagline", "im2rec"]
# the trainer's environment has MXNet and no OpenCV, which listing and passing through do without
PNG = b"\x89"
THEIRS: list[str | Path] = [
    ROOT / ".venvs/trainer/bin/python",
    "-c",
    (
        "import runpy, sys, types; sys.modules['cv2'] = types.ModuleType('cv2');"
        "sys.argv[0] = 'im2rec'; runpy.run_module('mxnet.tools.im2rec', run_name='__main__')"
    ),
]


def run(tool: list[str | Path], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*tool, *arguments], check=False, capture_output=True, text=True, timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    for number in range(17):
        data = drawing(number)
        path = folder / str(number % 3) / f"{number}.{'png' if data[:1] == PNG else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [(), ("--no-shuffle",), ("--chunks", "2"), ("--train-ratio", "0.6", "--test-ratio", "0.2")],
)
def test_lists_are_mxnet_s(tmp_path: Path, images: Path, options: tuple[str, ...]) -> None:
    for name, tool in (("ours", OURS), ("theirs", THEIRS)):
        (tmp_path / name).mkdir()
        done = run(tool, tmp_path / name / "set", images, "--list", "--recursive", *options)
        assert done.returncode == 0, done.stderr
    ours, theirs = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("ours", "theirs")
    )
    assert ours == theirs


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--pack-label",)])
@pytest.mark.parametrize("labels", [1, 3])
def test_records_and_indexes_are_mxnet_s(
    tmp_path: Path, images: Path, labels: int, options: tuple[str, ...]
) -> None:
    paths = sorted(path.relative_to(images) for path in images.rglob("*.*"))
    rows = [
        "\t".join([str(n * 7), *[f"{(n + c) % 4 / 2}" for c in range(labels)], str(path)])
        for n, path in enumerate(paths)
    ]
    for name, tool in (("ours", OURS), ("theirs", THEIRS)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "set.lst").write_text("\n".join(rows) + "\n")
        done = run(tool, tmp_path / name / "set", images, "--pass-through", *options)
        assert done.returncode == 0, done.stderr
    for ending in ("rec", "idx"):
        ours, theirs = (
            (tmp_path / name / f"set.{ending}").read_bytes() for name in ("ours", "theirs")
        )
        assert ours == theirs, ending


@pytest.mark.slow
def test_the_command_hands_on_help_usage_and_exit_codes(tmp_path: Path, images: Path) -> None:
    told = run(OURS, "--help")
    assert told.returncode == 0
    assert "--pack-label" in told.stdout
    assert run(OURS, tmp_path / "set").returncode == 2
    (tmp_path / "set.lst").write_text("1\t1\tmissing.png\n")
    done = run(OURS, tmp_path / "set", images)
    assert done.returncode == 1
    assert "line 1: missing_object" in done.stderr
