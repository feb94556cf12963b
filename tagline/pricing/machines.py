"""What is paid by the second: SageMaker's instances, Fargate tasks and Lambda functions."""

from dataclasses import dataclass

from tagline.formats.costs import RegionPrices

HOUR = 3600
_FREE_DISK = 20  # GB of a Fargate task


@dataclass(frozen=True)
class Instance:
    """An instance of SageMaker."""

    type: str

    def __str__(self) -> str:
        """Return the type."""
        return self.type

    def hourly(self, prices: RegionPrices) -> float | None:
        """Return the price of an hour, or None where it is not known."""
        return prices.instances.get(self.type)


@dataclass(frozen=True)
class Fargate:
    """A Fargate task on x86-64."""

    vcpus: float
    gb: float
    """Of memory."""
    disk: float
    """GB."""

    def __str__(self) -> str:
        """Return what the task is given."""
        return f"Fargate, {self.vcpus:g} vCPU, {self.gb:g} GB"

    def hourly(self, prices: RegionPrices) -> float | None:
        """Return the price of an hour, or None where it is not known."""
        vcpu, memory, disk = (
            prices.fargate_vcpu_hour,
            prices.fargate_gb_hour,
            prices.fargate_disk_gb_hour,
        )
        if vcpu is None or memory is None or disk is None:
            return None
        paid_disk = max(0.0, self.disk - _FREE_DISK)
        return self.vcpus * vcpu + self.gb * memory + paid_disk * disk


@dataclass(frozen=True)
class Function:
    """A Lambda function on x86-64."""

    memory: int
    """MB."""

    def __str__(self) -> str:
        """Return what the function is given."""
        return f"Lambda, {self.memory} MB"

    def hourly(self, prices: RegionPrices) -> float | None:
        """Return the price of an hour, or None where it is not known."""
        if prices.lambda_gb_second is None or prices.lambda_request is None:
            return None
        return self.memory / 1024 * prices.lambda_gb_second * HOUR


Machine = Instance | Fargate | Function

# As templates/ give them, which a test holds against this
PACKING = Fargate(vcpus=4, gb=16, disk=200)
PLANNING = Fargate(vcpus=4, gb=16, disk=200)
_LARGE = Function(3008)
_BATCHES = Function(1024)
_FUNCTIONS = {
    "PlanDataset": _LARGE,
    "FetchShard": Function(1769),
    "PlanTraining": _LARGE,
    "WatchShadow": Function(1024),
    **dict.fromkeys(("PlanBatch", "TagShard", "PublishBatch"), _BATCHES),
}
_ANY_FUNCTION = Function(512)


def function_of(state: str) -> Function:
    """Return the function that a state of either flow calls."""
    return _FUNCTIONS.get(state, _ANY_FUNCTION)
