"""What a stack's owner lets lists spend: kinds and numbers of machines, trials, money."""

from dataclasses import dataclass

from tagline.aws.environment import Environment
from tagline.formats.instances import accelerated, has_gpu
from tagline.formats.settings import Settings
from tagline.pricing.machines import HOUR, Instance
from tagline.pricing.table import PriceList

_SHORTEST = 60  # seconds that training.max_runtime may be


class TooExpensive(ValueError):
    """What is asked for is more than may be spent; the message says what to change."""


@dataclass(frozen=True)
class Limits:
    """The stack's parameters AllowedInstanceTypes, MostTrials and MostInstances."""

    instance_types: frozenset[str]
    trials: int
    instances: int

    def check_type(self, instance_type: str, asked_by: str, *, trains: bool = False) -> None:
        """Raise TooExpensive for a type that is not allowed; `asked_by` names what asks for it.

        Where it `trains` it may have a GPU.
        """
        if instance_type not in self.instance_types:
            raise TooExpensive(
                f"{asked_by}: {instance_type} is not among the stack's AllowedInstanceTypes: name "
                f"one of {', '.join(sorted(self.instance_types))}, or let the stack's owner add it"
            )
        if accelerated(instance_type) and not (trains and has_gpu(instance_type)):
            raise TooExpensive(
                f"{asked_by}: {instance_type} has an accelerator, and Tagline's images have no "
                "engine for it there: name a CPU type such as ml.c5.4xlarge"
            )

    def check_instances(self, count: int, asked_by: str) -> None:
        """Raise TooExpensive for more machines at a time than MostInstances."""
        if count > self.instances:
            raise TooExpensive(
                f"{asked_by}: {count} is more than the stack's MostInstances, {self.instances}: "
                "ask for fewer, or let the stack's owner raise the parameter"
            )

    def check_search(self, settings: Settings) -> None:
        """Raise TooExpensive for too many trials, or too many machines at a time."""
        tuning, machines = settings.tuning, settings.training.instance_count
        if tuning is None:
            self.check_instances(machines, "training.instance_count")
            return
        if tuning.max_jobs > self.trials:
            raise TooExpensive(
                f"tuning.max_jobs: {tuning.max_jobs} is more than the stack's MostTrials, "
                f"{self.trials}: ask for fewer, or let the stack's owner raise the parameter"
            )
        together = "tuning.max_parallel_jobs"
        if machines > 1:
            together += " times training.instance_count"
        self.check_instances(tuning.max_parallel_jobs * machines, together)


def limits(here: Environment) -> Limits:
    """Return the limits that a function's environment tells."""
    return Limits(here.allowed_instance_types, here.most_trials, here.most_instances)


def parameter(name: str) -> str:
    """Return how a parameter of the stack is named where it asks for a machine."""
    return f"the stack's parameter {name}"


def asked_by(setting: str, value: object, otherwise: str) -> str:
    """Return who names a machine: the setting of dataset.yaml, or else the stack's parameter."""
    return setting if value is not None else parameter(otherwise)


def trials_of(settings: Settings) -> int:
    """Return how many training jobs a run may start."""
    return settings.tuning.max_jobs if settings.tuning else 1


def most_expensive(settings: Settings, instance_type: str, prices: PriceList) -> float | None:
    """Return what training costs where every job takes all the time it may; None: no price known.

    Spot capacity counts in full: it may not be cheaper at the hour.
    """
    hourly = prices.hourly(Instance(instance_type))
    if hourly is None:
        return None
    machines = trials_of(settings) * settings.training.instance_count
    return machines * settings.training.max_runtime / HOUR * hourly


def check_budget(settings: Settings, instance_type: str, prices: PriceList) -> None:
    """Raise TooExpensive where the training may cost more than budget.per_run."""
    budget, seconds = settings.budget.per_run, settings.training.max_runtime
    if budget is None:
        return
    price, hourly = (
        most_expensive(settings, instance_type, prices),
        prices.hourly(Instance(instance_type)),
    )
    if price is None or hourly is None:
        raise TooExpensive(
            f"budget.per_run: {prices.missing(Instance(instance_type))}, or name another "
            "training.instance_type"
        )
    if price <= budget:
        return
    trials, unit = trials_of(settings) * settings.training.instance_count, prices.currency
    fitting = int(budget * HOUR / hourly / trials)
    shorter = f"lower training.max_runtime to {fitting} or less, " if fitting >= _SHORTEST else ""
    fewer = "" if settings.tuning is None else "lower tuning.max_jobs, "
    raise TooExpensive(
        f"budget.per_run: {trials} x {instance_type} for up to {seconds:,} s "
        f"(training.max_runtime) at {hourly:g} {unit} an hour may cost {price:,.2f} {unit}, "
        f"and the budget is {budget:,.2f} {unit} ({prices.region}, {prices.as_of}): "
        f"{shorter}{fewer}"
        "name a cheaper training.instance_type, or raise budget.per_run"
    )


@dataclass(frozen=True)
class Spending:
    """All that bounds the training of a run: the stack's limits and the dataset's budget."""

    limits: Limits
    prices: PriceList

    def check(self, settings: Settings, instance_type: str) -> None:
        """Raise TooExpensive for settings that ask for more; the type is the stack's."""
        own = settings.training.instance_type
        wanted = own or instance_type
        self.limits.check_type(
            wanted, asked_by("training.instance_type", own, "TrainingInstanceType"), trains=True
        )
        self.limits.check_search(settings)
        check_budget(settings, wanted, self.prices)
