"""Completion typed into bash, zsh and fish, each in a terminal of its own, with the tab key."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tagline.cli import completing
from tagline.cli.commands import STACK

pytestmark = pytest.mark.slow

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SOURCED = {
    "bash": "source <(tagline completion bash)",
    "zsh": "source <(tagline completion zsh)",
    "fish": "tagline completion fish | source",
}
RUN = "designs-0123456789abcdef"
SECONDS = 60
# What is typed with the tab key's \t, and the words that the command is then called with
TYPED = {
    "conv\t x": ["convert", "x"],
    "convert x.csv --mer\ta,b=c": ["convert", "x.csv", "--merge", "a,b=c"],
    "convert x.csv --to man\t": ["convert", "x.csv", "--to", "manifest"],
    "convert x.csv --to=man\t": ["convert", "x.csv", "--to=manifest"],
    "try --set training.epochs=2 des\t": ["try", "--set", "training.epochs=2", "designs"],
    "rollback --why 'it is wrong' des\t": ["rollback", "--why", "it is wrong", "designs"],
    "tag designs s3://a/b.png --thr\t0.2": ["tag", "designs", "s3://a/b.png", "--threshold", "0.2"],
    "show designs-\t --rej\t": ["show", RUN, "--rejects"],
    "check sti\t --labels=lab\t": ["check", "stickers.lst", "--labels=labels.txt"],
    "im2rec stick\t": ["im2rec", "stickers.lst"],
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A home with `tagline` in its path, which prints its words; names of the cloud are known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    known = {"DATASET": ["designs", "logos"], "RUN": [RUN]}
    monkeypatch.setattr(completing, "_asked", lambda _stack: known)
    assert completing._known(STACK) == known  # and are kept
    program = tmp_path / "bin/tagline"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        "case $1 in\n"
        f'__complete | completion) exec "{sys.executable}" -m tagline "$@" ;;\n'
        '*) echo "<called>"; printf "%s\\n" "$@"; echo "<end>" ;;\n'
        "esac\n"
    )
    program.chmod(0o755)
    return os.environ | {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "TERM": "dumb",
        "PS1": "$ ",
    }


class Terminal:
    """A shell that believes that a person types into it."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.ours, theirs = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command], cwd=folder, env=environment,
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode())

    def until(self, mark: str) -> str:
        """Return what is shown up to a mark, which the shell's echo must not have."""
        ends = time.monotonic() + SECONDS
        while mark not in self.shown:
            ready, _, _ = select.select([self.ours], [], [], max(0, ends - time.monotonic()))
            assert ready, f"{mark!r} was never shown: {self.shown!r}"
            self.shown += os.read(self.ours, 1 << 16).decode(errors="replace")
        before, _, self.shown = self.shown.partition(mark)
        return before

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_completes(shell: str, environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    work = tmp_path / "work"
    work.mkdir()
    for name in ("stickers.lst", "labels.txt"):
        (work / name).touch()
    terminal = Terminal(SHELLS[shell], work, environment)
    try:
        terminal.type(f"{SOURCED[shell]}\n")
        for typed, words in TYPED.items():
            terminal.type(f"tagline {typed}\n")
            terminal.until("<called>")
            assert terminal.until("<end>").split("\r\n")[1:-1] == words, typed
    finally:
        terminal.close()
