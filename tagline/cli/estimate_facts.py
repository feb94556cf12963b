"""What an estimate tells of a run as a whole, as people read it."""

from tagline.cli.estimating import Estimate
from tagline.cli.output import emit, facts_table, money
from tagline.formats.costs import Cost
from tagline.pricing.forecast import ANSWER_SECONDS, ANSWERS, HOURS_OF_A_MONTH
from tagline.scale.checks import amount
from tagline.scale.figures import SHARD_DAYS
from tagline.scale.limits.train import RUNTIME
from tagline.scale.machines import duration


def show_facts(found: Estimate, *, asked: bool) -> None:
    """Print images, time, money and bytes; `asked`: the images are those that were asked about."""
    unit = found.run.currency
    over = found.budget is not None and (found.most_for_training or 0.0) > found.budget
    emit(
        facts_table(
            {
                "Images": f"{found.images:,}" if found.counted or asked else _about(found.images),
                "Labels": f"{found.labels:,}",
                "Epochs": found.epochs,
                "Time": f"{duration(found.seconds)}, where nothing is waited for",
                "Together": _together(found.run),
                "Requests, besides": f"{money(found.requests)} for S3 and Step Functions",
                "Storage, a month": f"{money(found.storage)} for {_stored(found)}",
                "Training, at most": _at_most(found),
                "Budget": found.budget and f"{money(found.budget, unit)}{': too low' * over}",
                f"Endpoint, {HOURS_OF_A_MONTH} h": _endpoint(found),
                f"{ANSWERS:,} answers of {ANSWER_SECONDS} s": money(found.serverless_answers, unit),
                "Prices": f"{found.run.region}, {found.run.prices}",
            }
        )
    )


def _at_most(found: Estimate) -> str:
    """Return what training may cost; its step says more where that takes longer than it may."""
    most = money(found.most_for_training, found.run.currency)
    if not most:
        return "no price is known"
    hit = any(check.name == RUNTIME for step in found.steps for check in step.hit)
    return f"{most}: there {RUNTIME} stops it, before it is done" if hit else most


def _stored(found: Estimate) -> str:
    fetched, packed = (amount(b, "bytes") for b in (found.fetched_bytes, found.packed_bytes))
    return f"{fetched} fetched ({SHARD_DAYS.value:.0f} days), {packed} packed"


def _about(number: int) -> str:
    return f"about {int(float(f'{number:.3g}')):,}, by the file's size and first lines"


def _together(run: Cost) -> str:
    """Return what a run costs, and which of its states are not in that."""
    price = f"{money(run.price, run.currency)}"
    missing = dict.fromkeys(state.state for state in run.states if state.price is None)
    if not missing:
        return price
    if len(missing) == len(run.states):
        return f"no price is known in {run.region}: give your own by --prices"
    return f"at least {price}: {', '.join(missing)} not in it, for want of a price"


def _endpoint(found: Estimate) -> str | None:
    priced = money(found.endpoint_a_month, found.run.currency)
    return priced or ("no price is known" if found.serverless_answers is None else None)
