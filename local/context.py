"""What every part of the laptop cloud knows: where it listens, where its state lies."""

from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
ACCESS_KEY = "test"


@dataclass(frozen=True)
class Cloud:
    """One running laptop cloud.

    `state_dir` holds everything that outlives a restart; `root` is the folder with `containers/`
    and `.venvs/`, this repository unless a test points elsewhere. With less than `free_floor` bytes
    free on the disk nothing new is begun. `secret_key` belongs to ACCESS_KEY, the person's;
    requests have to be signed with it where the cloud is `locked`.
    """

    port: int
    state_dir: Path
    root: Path
    region: str = "us-east-1"
    account: str = "000000000000"
    free_floor: int = 512 << 20
    secret_key: str = "test"  # noqa: S105 - for whoever asks
    locked: bool = False

    @property
    def endpoint(self) -> str:
        """The URL at which any AWS client reaches this cloud."""
        return f"http://{HOST}:{self.port}"
