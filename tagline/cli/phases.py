"""Named phases of a long command: a line each on stderr, and how long each took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tagline.cli.output import ERR, say, seconds


@dataclass
class Phases:
    """Times phases and says when one is done."""

    times: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Show a spinner on a terminal, then one line with the time."""
        if ERR.is_terminal:
            with ERR.status(f"{name} …"), self.timed(name):
                yield
        else:
            say(f"{name} …")
            with self.timed(name):
                yield

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time a phase that shows its own progress."""
        started = time.monotonic()
        yield
        self.times[name] = time.monotonic() - started
        say(f"✓ {name}  {seconds(self.times[name])}", style="green")
