"""What a run is told to take: it grows with the list, and each limit is named exactly when met."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.list_lines import FUNCTION_LIST_BYTES, MAX_LIST_BYTES
from tagline.formats.settings import Settings, Training
from tagline.listing.survey import MAX_ROWS
from tagline.planning.room import PLAN_IN_TASK_ABOVE
from tagline.pricing.forecast import Work, forecast
from tagline.pricing.table import PriceList
from tagline.scale.load import Load, Parameters
from tagline.scale.steps import Step, steps, walls

US = PriceList("us-east-1")
IMAGES = st.integers(2, 10**9)
LOADS = st.builds(
    Load,
    images=IMAGES,
    labels=st.integers(1, 10_000),
    settings=st.builds(Settings, training=st.builds(Training, instance_count=st.integers(1, 4))),
    epochs=st.integers(1, 100),
    training_type=st.sampled_from(("ml.c5.4xlarge", "ml.g5.xlarge", "ml.m5.large")),
    evaluation_type=st.just("ml.m5.xlarge"),
    endpoint_type=st.just("ml.c5.large"),
    image_bytes=st.floats(100, 64 << 20),
    stack=st.builds(
        Parameters,
        fetch_concurrency=st.integers(1, 20_000),
        pack_concurrency=st.integers(1, 1000),
        pack_shards_per_task=st.integers(1, 1000),
    ),
)


def told(load: Load) -> tuple[Step, ...]:
    work = Work(images=load.images, validation=0.2, size=96, epochs=load.epochs,
                training_type=load.training_type, evaluation_type=load.evaluation_type)  # fmt: skip
    return steps(load, forecast(work, US))


# more images may be streamed, copied by no machine, or shared by machines that had all of fewer
LESS = {"machine's memory", "volume", "training.max_runtime", "loading", "parts of an upload"}


@given(LOADS, IMAGES)
def test_more_images_never_take_less(load: Load, more: int) -> None:
    for before, after in zip(
        told(load), told(replace(load, images=load.images + more)), strict=True
    ):
        taken = {part.name: part.seconds for part in after.parts}
        for part in before.parts:
            if part.name in taken and part.name not in LESS:
                assert taken[part.name] >= part.seconds * (1 - 1e-9), part
        # machines' shares of the record files are uneven, and more images may even them
        assert after.step == "train" or after.requests >= before.requests
        needed = {check.name: check.needed for check in after.limits}
        for check in before.limits:
            if check.name not in needed or check.name in LESS:  # or planned by a task instead
                continue
            assert needed[check.name] >= check.needed * (1 - 1e-9), check.name
            assert not check.hit or needed[check.name] > check.limit


@given(LOADS)
def test_a_limit_is_hit_exactly_when_more_is_needed_and_the_nearest_is_named(load: Load) -> None:
    for step in told(load):
        assert all(check.hit == (check.needed > check.limit) for check in step.limits)
        assert all(check.cure and check.source for check in step.limits)
        shares = {check.name: check.needed / check.limit for check in step.limits}
        assert step.bound_by == max(shares, key=lambda name: shares[name], default=None)


@given(LOADS)
def test_a_task_plans_exactly_what_one_lambda_would_refuse_or_not_hold(load: Load) -> None:
    plan = told(load)[0]
    too_much = (
        load.images > PLAN_IN_TASK_ABOVE
        or load.list_size > FUNCTION_LIST_BYTES
        or load.plan_bytes > 3008 << 20
    )
    assert plan.way == ("a container task" if too_much else "one Lambda")
    walls_hit = {wall.name for wall in walls(told(load))}
    assert ("MAX_ROWS" in walls_hit) == (load.images > MAX_ROWS)
    assert ("MAX_LIST_BYTES" in walls_hit) == (load.list_size > MAX_LIST_BYTES)
    if not too_much:
        assert plan.hit == ()


@given(LOADS, st.integers(1, 20_000))
def test_more_at_once_never_takes_longer(load: Load, more: int) -> None:
    wider = Parameters(load.stack.fetch_concurrency + more, load.stack.pack_concurrency + more,
                       load.stack.pack_shards_per_task)  # fmt: skip
    for before, after in zip(told(load), told(replace(load, stack=wider)), strict=True):
        assert after.seconds <= before.seconds * (1 + 1e-9)
