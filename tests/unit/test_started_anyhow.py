"""The suite means the same however it is started: from a terminal, by nohup, in the background."""

import signal
import subprocess
import sys

import pytest

from tests.unit.im2rec_files import ROOT

pytestmark = pytest.mark.slow

HEARD = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1")
SAY = f"import signal; print([int(signal.getsignal(getattr(signal, n)) != 1) for n in {HEARD}])"


def test_what_tests_start_hears_signals() -> None:
    told = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str([1] * len(HEARD))
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("ignored", ["HUP", "INT QUIT", "TERM HUP USR1"])
def test_so_it_does_where_they_arrive_ignored(ignored: str) -> None:
    test = f"{__file__}::{test_what_tests_start_hears_signals.__name__}"
    script = f"trap '' {ignored}; exec \"$@\""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    result = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
