"""What tests of several kinds share: one laptop cloud for the whole session, state of their own."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator

import pytest

from tests import checkout_state
from tests.laptop import LaptopCloud, make_root, running

_PYTHONS_OWN = {signal.SIGPIPE, getattr(signal, "SIGXFSZ", None)}  # ignored by Python, not for us


def pytest_configure(config: pytest.Config) -> None:
    """Give the session signals and a state folder of its own, before the product is imported."""
    hear_signals()
    folder = tempfile.mkdtemp(prefix="tagline-tests-")
    os.environ["TAGLINE_STATE"] = folder
    checkout_state.guard()
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def hear_signals() -> None:
    """Let what tests start hear every signal, also where nohup or `&` had some ignored.

    The session itself goes on ignoring them: a handler, unlike SIG_IGN, ends with exec.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) == signal.SIG_IGN and number not in _PYTHONS_OWN:
            signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


@pytest.fixture(scope="session")
def laptop_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaptopCloud]:
    """A laptop cloud of this session; tests share it and name their things apart."""
    folder = tmp_path_factory.mktemp("cloud")
    with running(folder / "state", make_root(folder / "root")) as cloud:
        yield cloud
