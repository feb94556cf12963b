"""What a run that goes on is doing: the state that it is in, and the epoch that training ended."""

from tagline.api.bucket import DataBucket
from tagline.api.problem import Problem
from tagline.api.progress import Flow, Progresses
from tagline.api.progress_documents import RunProgress
from tagline.cli.outcome import RUNNING, RunOutcome
from tagline.cli.target import Target


class Live:
    """Looks at one stack's runs while they go on."""

    def __init__(self, target: Target) -> None:
        outputs = target.outputs
        flow = Flow(
            *(target.states, target.sagemaker, target.logs, target.stack, outputs.state_machine)
        )
        self._progresses = Progresses(DataBucket(target.s3, outputs.bucket), flow)

    def told(self, run: RunOutcome) -> tuple[str | None, int | None, int | None]:
        """Return the present state, the last epoch that ended, and how many are asked for.

        None of them of a run that ended, or that nothing is known of yet.
        """
        if run.outcome != RUNNING:
            return run.state, None, None
        try:
            progress = self._progresses.of(run.run)
        except Problem:  # dropped just now
            return None, None, None
        epochs = _of_newest(progress)
        return progress.current, epochs, progress.epochs if epochs else None


def _of_newest(progress: RunProgress) -> int | None:
    """Return the last epoch of the job whose epochs are told."""
    told = next((job.epochs for job in progress.jobs if job.epochs), None)
    return told[-1].epoch if told else None
