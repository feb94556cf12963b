"""`background: auto`: a dataset's first shards are looked at, and one colour lies behind it all.

Shards are in packing order, which is random, and each task looks at the same ones: parts that are
packed by several tasks agree.
"""

from im2rec.pool import PackingPool
from im2rec.run.shards import images_of, read_shards
from im2rec.run.task import Task
from im2rec.sight import look_at
from tagline.formats.pictures import BackgroundChoice
from tagline.formats.plan import Plan
from tagline.formats.settings import AUTO, ImageSpec
from tagline.imaging.background import Sight, choose

LOOKED_AT = 4  # shards: up to 2,000 images


def background_choice(task: Task, plan: Plan) -> BackgroundChoice | None:
    """Return what `auto` stands for in a run; None where dataset.yaml names a colour.

    A run that reuses records keeps their colour.
    """
    if plan.settings.image.background != AUTO:
        return None
    if plan.reuse is not None and plan.reuse.background is not None:
        return plan.reuse.background
    shards = [shard.shard for shard in task.shards()[:LOOKED_AT]]
    sights: list[Sight] = []
    with PackingPool(plan.settings.image, task.workers, look_at) as pool:
        for shard in read_shards(task, shards):
            answers = pool.pack(images_of(shard, plan))
            sights.extend(sight for sight in answers if isinstance(sight, Sight))
    return choose(sights, plan.run)


def settled(plan: Plan, choice: BackgroundChoice | None) -> ImageSpec:
    """Return the run's image settings with their background known."""
    image = plan.settings.image
    return image.on(choice.colour if choice else image.background)
