"""Tests never touch the state of the checkout they run in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tagline.cli import places
from tagline.cli.environments import ROOT
from tests.checkout_state import STATE, CheckoutTouched

SAY = "from tagline.cli import places; print(places.CLOUD_FILE)"


def test_the_commands_keep_their_state_elsewhere() -> None:
    told = subprocess.run(
        [sys.executable, "-c", SAY], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for path in (places.STATE, places.CLOUD_FILE, Path(told.stdout.strip())):
        assert not path.is_relative_to(STATE)


def test_a_test_that_would_change_the_checkouts_state_fails() -> None:
    cloud = STATE / "cloud.json"
    before = cloud.exists() and cloud.read_bytes()
    with pytest.raises(CheckoutTouched):
        cloud.write_text("{}")
    with pytest.raises(CheckoutTouched):
        cloud.unlink(missing_ok=True)
    with pytest.raises(CheckoutTouched):
        (STATE / "x").mkdir(parents=True)
    with pytest.raises(CheckoutTouched):
        Path("x").rename(cloud)
    assert (cloud.exists() and cloud.read_bytes()) == before


def test_a_name_in_another_folder_is_not_the_checkouts(tmp_path: Path) -> None:
    (tmp_path / STATE.name).mkdir()
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        os.rmdir(STATE.name, dir_fd=folder)  # as shutil.rmtree does
    finally:
        os.close(folder)
    assert not (tmp_path / STATE.name).exists()
