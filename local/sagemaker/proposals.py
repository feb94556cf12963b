"""Optuna behind a tuning job's search; to be imported only once there is one.

Studies live in memory for one question and are built from the trials each time.
"""

import zlib
from collections.abc import Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import HyperbandPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from local.sagemaker.ranges import Axis, Choices
from local.sagemaker.search import Resources, Search, Tried

_RANDOM_START = 3  # trials before there is something to learn from
_REDUCTION = 3  # one of three goes on

optuna.logging.set_verbosity(optuna.logging.ERROR)


def propose(search: Search, tried: Sequence[Tried]) -> dict[str, str]:
    """Return the hyperparameters of the next trial, as the strings that the container gets."""
    study = optuna.create_study(
        direction="maximize" if search.maximize else "minimize",
        sampler=_sampler(search, len(tried)),
    )
    distributions = {axis.name: _distribution(axis) for axis in search.axes}
    study.add_trials([_frozen(search, distributions, trial) for trial in tried])
    found = study.ask(distributions).params
    return {axis.name: _text(axis, found[axis.name]) for axis in search.axes}


def gives_up(
    search: Search, resources: Resources, values: Sequence[Sequence[float]], number: int
) -> bool:
    """Tell whether trial `number` is one that Hyperband prunes after its latest value."""
    rungs = _rungs(resources)
    if len(values[number]) not in rungs:
        return False
    study = optuna.create_study(
        study_name=str(search.seed),  # decides, with the trial's number, on the bracket
        direction="maximize" if search.maximize else "minimize",
        sampler=RandomSampler(),  # draws nothing: pruning looks at values alone
        pruner=HyperbandPruner(resources.least, resources.most, _REDUCTION),
    )
    trials = [study.ask() for _ in values]
    pruned = False
    for other in sorted(range(len(values)), key=lambda other: other == number):  # it comes last
        for rung in rungs:
            if rung <= len(values[other]):
                trials[other].report(values[other][rung - 1], rung)
                pruned = trials[other].should_prune()
    return pruned


def _rungs(resources: Resources) -> list[int]:
    """Return the epochs after which HyperbandPruner compares trials, without the last epoch."""
    rungs = []
    rung = resources.least
    while rung < resources.most:
        rungs.append(rung)
        rung *= _REDUCTION
    return rungs


def _sampler(search: Search, number: int) -> BaseSampler:
    """Return a sampler with a seed of its own for each trial, since none outlives a question."""
    seed = zlib.crc32(f"{search.seed} {number}".encode())
    if search.strategy == "Bayesian":
        # axis by axis: as good as all at once with the few trials that a laptop has time for
        return TPESampler(n_startup_trials=_RANDOM_START, multivariate=False, seed=seed)
    return RandomSampler(seed)


def _frozen(
    search: Search, distributions: dict[str, BaseDistribution], trial: Tried
) -> FrozenTrial:
    params = {axis.name: _parameter(axis, trial.hyperparameters[axis.name]) for axis in search.axes}
    if trial.running:
        return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)
    if trial.value is None:
        return create_trial(state=TrialState.FAIL, params=params, distributions=distributions)
    return create_trial(value=trial.value, params=params, distributions=distributions)


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, Choices):
        return CategoricalDistribution(axis.values)
    if axis.scaling == "ReverseLogarithmic":
        return FloatDistribution(1 - axis.high, 1 - axis.low, log=True)
    log = axis.scaling == "Logarithmic"
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=log)
    return FloatDistribution(axis.low, axis.high, log=log)


def _text(axis: Axis, parameter: float | str) -> str:
    if isinstance(axis, Choices) or isinstance(parameter, str):
        return str(parameter)
    if axis.scaling == "ReverseLogarithmic":
        return repr(min(max(1 - parameter, axis.low), axis.high))
    return repr(int(parameter) if axis.whole else float(parameter))  # NumPy's say their type


def _parameter(axis: Axis, text: str) -> float | str:
    if isinstance(axis, Choices):
        return text
    if axis.scaling == "ReverseLogarithmic":
        return 1 - float(text)
    return int(text) if axis.whole else float(text)
