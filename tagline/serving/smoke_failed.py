"""How a smoke test fails, of whatever kind of model."""


class SmokeTestFailed(RuntimeError):
    """The endpoint serves, but not what was evaluated."""
