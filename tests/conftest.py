"""What tests of several kinds share: one laptop cloud for the whole session, state of their own."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from functools import cache

import pytest
from botocore import loaders, session
from hypothesis import settings

from tests import checkout_state
from tests.laptop import LaptopCloud, make_root, running

_PYTHONS_OWN = {signal.SIGPIPE, getattr(signal, "SIGXFSZ", None)}  # ignored by Python, not for us


def pytest_configure(config: pytest.Config) -> None:
    """Give the session signals and a state folder of its own, before the product is imported."""
    hear_signals()
    folder = tempfile.mkdtemp(prefix="tagline-tests-")
    os.environ["TAGLINE_STATE"] = folder
    checkout_state.guard()
    read_service_models_once()
    # no time limit for each example, which a busy machine would break
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def read_service_models_once() -> None:
    """Keep botocore's descriptions of services, which every session of its own reads anew.

    The tests make clients by the thousand, each below a mock of its own: half of their time.
    """
    session.create_loader = cache(loaders.create_loader)


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
