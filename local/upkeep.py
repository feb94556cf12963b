"""What is done before the cloud says it is ready, and every few seconds after."""

import threading
import time

from local import half_made, missed_lists, stacks
from local.clients import Clients
from local.context import Cloud
from local.execution_log import ExecutionLog
from local.persistence import Snapshots
from local.sagemaker.service import SageMaker
from local.space import Space

_EVERY = 3.0  # seconds, while that takes little
_REST = 20  # times as long as what it took of a core: many objects or runs leave it for requests


class Upkeep:
    """Brings into order what an earlier run or a full disk left undone."""

    def __init__(
        self,
        cloud: Cloud,
        space: Space,
        snapshots: Snapshots,
        executions: ExecutionLog,
        service: SageMaker,
    ) -> None:
        missed_lists.check()
        self._cloud = cloud
        self._space = space
        self._snapshots = snapshots
        self._executions = executions
        self._service = service
        self._stopped = threading.Event()

    def begin(self) -> None:
        """Take up what an earlier run left, once requests are answered; raises StackIncomplete."""
        half_made.forget()
        stacks.check(Clients(self._cloud), self._cloud.state_dir / "state")
        self._service.start()
        self._make_up()
        threading.Thread(target=self._run, daemon=True, name="upkeep").start()

    def finish(self) -> None:
        """Write the state once more and never again."""
        self._stopped.set()
        self._snapshots.finish()

    def _run(self) -> None:
        rest = _EVERY
        while not self._stopped.wait(rest):
            begun = time.thread_time()
            self._service.save()
            if not self._snapshots.write_changes():
                self._space.ran_out()
            elif self._space.regained():
                self._make_up()
            rest = max(_EVERY, _REST * (time.thread_time() - begun))

    def _make_up(self) -> None:
        self._executions.tell()
        missed_lists.give_again()
