"""The three images, built once where a Docker engine can be had; the summary says if not."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.images.debian import Unavailable, python_root
from tests.images.engine import Engine, proxies, some_engine

ROOT = Path(__file__).parents[2]
NAMES = ("im2rec", "trainer", "server")
STAND_IN = "tagline-images-test/stand-in"
_PULL_SECONDS = 90
_BUILD_SECONDS = 400
_SAID = pytest.StashKey[str]()


@dataclass(frozen=True)
class Images:
    """The built images in their engine, and a folder that containers may be given parts of."""

    engine: Engine
    folder: Path

    def run(self, name: str, *arguments: str, options: tuple[str, ...]) -> str:
        """Run a container to its end as a read-only root; return what it printed."""
        done = self.engine(
            "run", "--rm", "--read-only", *options, tag(name), *arguments, seconds=300
        )
        assert done.returncode == 0, f"{name} {arguments}: {done.stdout}{done.stderr}"
        return done.stdout


def tag(name: str) -> str:
    """Return the name of a container's image here."""
    return f"tagline-images-test/{name}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say last on what the images were tried, or why they were not."""
    if said := config.stash.get(_SAID, None):
        terminalreporter.section("container images")
        terminalreporter.line(said)


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest) -> Iterator[Images]:
    """Build the images; skip, and say so, where this machine lacks what that takes."""
    stash = request.config.stash
    stash[_SAID] = "images: not built: see the error above"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tagline-images-")))
        try:
            engine = stack.enter_context(some_engine(folder))
            base, kind = _base(engine, folder)
            stack.callback(_forget, engine, folder, base)
            engine.check(base)
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda name: _build(engine, name, base), NAMES))
        except Unavailable as exc:
            stash[_SAID] = f"images: skipped: {exc}"
            pytest.skip(str(exc))
        stash[_SAID] = f"images: built and run; engine={engine.about}, base={kind}"
        work = folder / "work"
        work.mkdir()
        yield Images(engine, work)


def _base(engine: Engine, folder: Path) -> tuple[str, str]:
    """Return the image to build upon, and what it is: `vendor` or `stand-in`."""
    (name,) = {
        found
        for path in ROOT.glob("containers/*/Dockerfile")
        for found in re.findall(r"^ARG BASE_IMAGE=(.*)$", path.read_text(), re.MULTILINE)
    }
    if engine("image", "inspect", name).returncode == 0:
        return name, "vendor"
    try:
        if engine("pull", "--quiet", name, seconds=_PULL_SECONDS).returncode == 0:
            return name, "vendor"
    except subprocess.TimeoutExpired:
        pass  # as good as refused
    try:
        tar = python_root(folder, name)
    except Unavailable as exc:
        raise Unavailable(f"no base: {name} cannot be pulled, and {exc}") from exc
    # never under the vendor's name: somebody else may build here, too
    done = engine("import", str(tar), STAND_IN, seconds=_PULL_SECONDS)
    assert done.returncode == 0, done.stderr
    tar.unlink()
    return STAND_IN, "stand-in"


def _build(engine: Engine, name: str, base: str) -> None:
    arguments = ["--build-arg", f"BASE_IMAGE={base}", *proxies("--build-arg")]
    dockerfile = str(ROOT / "containers" / name / "Dockerfile")
    command = ["build", "--network=host", "--tag", tag(name), "--file", dockerfile, *arguments]
    try:
        done = engine(*command, str(ROOT), seconds=_BUILD_SECONDS)
    except subprocess.TimeoutExpired as exc:
        raise Unavailable(f"no time: {name} was not built in {_BUILD_SECONDS} s") from exc
    if done.returncode:
        engine.check(base)  # a network that has gone since is no fault of the Dockerfile
        pytest.fail(f"{dockerfile} does not build:\n{done.stdout}{done.stderr}")


def _forget(engine: Engine, folder: Path, base: str) -> None:
    """Leave no image of ours, and no file that this user may not delete."""
    with suppress(subprocess.TimeoutExpired):  # what was tried has been tried
        engine("run", "--rm", "--volume", f"{folder}/work:/w", base, "chmod", "-R", "a+rwX", "/w")
        engine("rmi", "--force", *map(tag, NAMES), STAND_IN)
    shutil.rmtree(folder / "work", ignore_errors=True)
