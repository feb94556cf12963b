"""Which networks a training may begin with, and what it can start from."""

from collections.abc import Collection

from tagline.formats.settings import AUTO, Settings
from tagline.settings.errors import InvalidSettings

SETTING = "training.start_from"
STARTER_NETWORKS = frozenset({"small"})  # those of the starter in the trainer's image
_AUTO_NETWORKS = ("small", "resnet18_v1")  # auto's choice, which images and GPUs decide


def networks_asked(settings: Settings) -> tuple[str, ...]:
    """Return the networks that are trained: one, or those of a search; `auto` may be among them."""
    searched = settings.tuning.ranges.network if settings.tuning else None
    return searched or (settings.training.network,)


def start_said(settings: Settings) -> str | None:
    """Return a sentence about a starter that is asked for and is not there, or None."""
    if settings.training.start_from != "starter":
        return None
    without = [it for it in networks_asked(settings) if it not in {AUTO, *STARTER_NETWORKS}]
    if not without:
        return None
    return (
        f"{SETTING}: starter: there is no starter for the network {' and '.join(without)}, whose "
        "training starts from nothing: take training.network: small, or name a file s3://… of "
        "weights that it can start from"
    )


def check_networks(settings: Settings, uri: str, fitting: Collection[str]) -> None:
    """Raise InvalidSettings where a file of weights, which fits some networks, fits none asked."""
    for network in networks_asked(settings):
        if not set(_AUTO_NETWORKS if network == AUTO else [network]).isdisjoint(fitting):
            continue
        asked = f"auto ({' or '.join(_AUTO_NETWORKS)})" if network == AUTO else network
        told = (
            f"it holds weights of {' or '.join(sorted(fitting))}: set training.network to that"
            if fitting
            else "it holds no weights of a network that Tagline trains"
        )
        raise InvalidSettings(f"{SETTING}: {uri} does not fit the network {asked}: {told}", SETTING)
