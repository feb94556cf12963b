"""A dataset's settings as plan.json keeps them: every one, checked, defaults included."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tagline.formats.edge_settings import EdgeSettings
from tagline.formats.endpoint_settings import EndpointSettings
from tagline.formats.feedback_settings import Retrain, Sampling
from tagline.formats.own_settings import Entry, OwnHyperparameters, Script, StartFrom
from tagline.formats.recommender_settings import (
    AgeDecay,
    Hidden,
    Recommender,
    Regularization,
)
from tagline.formats.recommender_settings import Algorithm as Recommending
from tagline.formats.reject_settings import RejectOption
from tagline.formats.section import Instances, InstanceType, Section, Share
from tagline.formats.split import Shares
from tagline.formats.tasks import AskedTask

Rate = Annotated[float, Meta(ge=1e-7, le=1)]
ImageSize = Annotated[int, Meta(ge=16, le=1024)]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Epochs = Annotated[int, Meta(ge=1, le=1000)]
BatchSize = Annotated[int, Meta(ge=1, le=4096)]
ImageMode = Literal["letterbox", "crop", "stretch"]
Optimizer = Literal["adam", "sgd", "rmsprop", "nag"]
Augmentation = Literal["none", "crop", "crop_color", "crop_color_transform", "geometric"]
Quality = Literal["fast", "standard", "thorough"]
Loss = Literal["bce", "weighted", "asymmetric"]
Smoothing = Annotated[float, Meta(ge=0, le=0.5)]
Patience = Annotated[int, Meta(ge=0, le=1000)]
Calibration = Literal["none", "platt"]
Averaging = Annotated[float, Meta(ge=0, le=0.9999)]
Dropout = Annotated[float, Meta(ge=0, le=0.9)]
Views = Annotated[int, Meta(ge=1, le=5)]
OnConflict = Literal["first_wins", "last_wins"]
Network = Literal["auto", "small", "resnet18_v1", "resnet50_v1", "resnet152_v1", "mobilenet_v2_0_5"]
TrainingEngine = Literal["auto", "mxnet", "torch"]
TrainingInputMode = Literal["auto", "file", "fastfile"]
TrainingAlgorithm = Literal["ours", "builtin"]
# a description says what is expected, in errors too; patterns are searched for, hence ^ and \Z
Colour = Annotated[
    str,
    Meta(
        pattern=r"^#[0-9a-fA-F]{6}\Z",
        description="a colour such as '#ffffff' (in quotes: # begins a comment)",
    ),
]
AUTO = "auto"
Background = Annotated[
    str,
    Meta(
        pattern=r"^(?:auto|#[0-9a-fA-F]{6})\Z",
        description="a colour such as '#ffffff' (in quotes: # begins a comment), or auto",
    ),
]
FEW_IMAGES = 20_000  # to train on, below which `start_from: auto` does not start from nothing
Prefix = Annotated[str, Meta(description="s3://bucket/prefix/")]


class ImageSettings(Section):
    """The pixels a model sees: a square of `size`, filled by `mode`, transparency on `background`.

    letterbox fits the whole image and fills the rest with the background, crop takes the centre
    square, stretch ignores the aspect.
    """

    size: ImageSize = 96
    """Pixels, the side of the square."""
    mode: ImageMode = "letterbox"
    """How an image that is no square becomes one."""
    background: Background = "#ffffff"
    """#rrggbb in sRGB; auto: the one of a few greys on which least of the dataset vanishes."""

    def on(self, background: str) -> "ImageSpec":
        """Return what is left when the background is known."""
        return ImageSpec(size=self.size, mode=self.mode, background=background)


class ImageSpec(ImageSettings):
    """The same with a background that is known: what packing, serving and devices do."""

    background: Colour = "#ffffff"
    """#rrggbb in sRGB."""


class Split(Section):
    """Shares of the images that are kept from training, and the seed that picks them."""

    validation: Annotated[float, Meta(ge=0.01, le=0.9)] = 0.2
    """To choose by: the epoch, the thresholds, the best trial."""
    test: Annotated[float, Meta(ge=0, le=0.5)] | None = None
    """To judge by; 0 for none. Null takes half of what `validation` says."""
    seed: Seed = 0
    """Another one brings other images to the sides."""

    @property
    def shares(self) -> Shares:
        """The shares that the two sides get."""
        if self.test is None:
            return Shares(self.validation / 2, self.validation / 2)
        return Shares(self.validation, self.test)

    def is_as(self, other: "Split") -> bool:
        """Return whether the same sides are decided by both, however they name the shares."""
        return (self.seed, self.shares) == (other.seed, other.shares)


class Tolerance(Section):
    """Share of the list's rows that may be rejected before the run fails."""

    rejected: Share = 0.5
    """Above it the run fails; 0: one row is too many."""

    def allows(self, rejected: int, rows: int) -> bool:
        """Return whether a list of so many rows may have so many rejected."""
        return rejected <= self.rejected * rows

    def said(self, rejected: int, rows: int) -> str:
        """Return the sentence about a list that has more rejected than it may."""
        return (
            f"{rejected:,} of {rows:,} rows are rejected, above the tolerated share of "
            f"{self.rejected:g} (tolerance.rejected)"
        )


class Records(Section):
    """How the packed records lie in files."""

    file_mib: Annotated[int, Meta(ge=1, le=1 << 20)] = 2048
    """MiB, up to which a side of the split is one record file; above, it is several of at most
    so much each, `train-00000.rec` and so on. The records are the same."""


class Training(Section):
    """What the training job is asked for; null leaves the choice to the plan."""

    network: Network = "auto"
    """auto: small, but resnet18_v1 for 20,000 images or more on a GPU."""
    epochs: Epochs | None = None
    """Times that all training images are seen; null: as many as the quality's images make."""
    learning_rate: Rate | None = None
    """Null: by the optimizer, and by the square root of the batch."""
    mini_batch_size: BatchSize | None = None
    """Images a step, of all machines together; null: 32 to 256, by the number of images."""
    optimizer: Optimizer = "adam"
    """What turns gradients into steps."""
    weight_decay: Share | None = None
    """How strongly weights are drawn to 0; null: 0.0001."""
    augmentation_type: Augmentation | None = None
    """How images are changed each time they are seen; null: by quality and start."""
    loss: Loss | None = None
    """asymmetric: after Ridnik et al. 2021; null: bce."""
    use_weighted_loss: bool = False
    """The older name of `loss: weighted`."""
    label_smoothing: Smoothing | None = None
    """How far a label's truth is drawn to its frequency."""
    dropout: Dropout | None = None
    """The share of features that the last layer does without, other ones in each step."""
    early_stopping_patience: Patience | None = None
    """Epochs without a better validation mAP that end training; 0: none do."""
    weight_averaging: Averaging | None = None
    """The decay of the weights' moving average, which is judged and exported; 0: none."""
    views: Views | None = None
    """Shifted views of an image whose answers a served model averages; 1: the image alone."""
    calibration: Calibration = "none"
    """platt: a served model's scores are probabilities, as far as validation images tell; those of
    single labels always are, by a temperature."""
    seed: Seed = 0
    """Of the first weights, the order of images and their changes."""
    engine: TrainingEngine = "auto"
    """auto: torch on instance types with a GPU and on several machines, else mxnet."""
    instance_type: InstanceType | None = None
    """The machine that trains; null: the stack's TrainingInstanceType."""
    instance_count: Instances = 1
    """Machines that share the work of each training job; more than one needs torch."""
    input_mode: TrainingInputMode = "auto"
    """file copies the training records to each machine before it begins, fastfile lets them come
    from S3 as they are read; auto: fastfile where a machine's are more than 128 GiB and more than
    half its memory."""
    shuffle_buffer: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    """Images that mix a training set which is read from the first file to the last and never held;
    null: 8,192, and only where it does not fit in memory."""
    max_runtime: Annotated[int, Meta(ge=60, le=5 * 86400)] = 86400
    """Seconds that a training job may take."""
    spot: bool = False
    """Whether to train on spare capacity, which is cheaper and may be taken away."""
    start_from: StartFrom = "auto"
    """The weights it begins with: auto takes the starter for few images, or the champion."""
    algorithm: TrainingAlgorithm = "ours"
    """builtin: SageMaker's own image-classification, on a GPU."""
    hyperparameters: OwnHyperparameters | None = None
    """Of algorithm: builtin, by its own names, such as num_layers, momentum, lr_scheduler_step; or
    the arguments of `script`."""
    script: Script | None = None
    """A training script of one's own: an archive below the dataset's scripts/, see script mode."""
    entry: Entry = "train.py"
    """Which file of the archive runs."""


class Ranges(Section, omit_defaults=True):
    """What a tuning job searches: [low, high] for numbers, lists of choices for the others."""

    learning_rate: tuple[Rate, Rate] | None = None
    weight_decay: tuple[Share, Share] | None = None
    mini_batch_size: tuple[BatchSize, BatchSize] | None = None
    epochs: tuple[Epochs, Epochs] | None = None
    optimizer: tuple[Optimizer, ...] | None = None
    augmentation_type: tuple[Augmentation, ...] | None = None
    network: tuple[Network, ...] | None = None
    loss: tuple[Loss, ...] | None = None
    use_weighted_loss: tuple[bool, ...] | None = None
    label_smoothing: tuple[Smoothing, Smoothing] | None = None
    dropout: tuple[Dropout, Dropout] | None = None
    early_stopping_patience: tuple[Patience, Patience] | None = None
    weight_averaging: tuple[Averaging, Averaging] | None = None
    views: tuple[Views, Views] | None = None
    algorithm: tuple[Recommending, ...] | None = None
    """Of ratings alone, like the next three."""
    regularization: tuple[Regularization, Regularization] | None = None
    age_decay: tuple[AgeDecay, AgeDecay] | None = None
    hidden: tuple[Hidden, Hidden] | None = None
    image_size: tuple[ImageSize, ...] | None = None
    """Images are packed once, at the largest of them: it takes the place of image.size."""


class Tuning(Section):
    """A search over hyperparameters."""

    max_jobs: Annotated[int, Meta(ge=1, le=500)] = 4
    """Trials in all."""
    max_parallel_jobs: Annotated[int, Meta(ge=1, le=100)] = 1
    """Trials at a time."""
    strategy: Literal["Random", "Bayesian", "Hyperband"] = "Random"
    """Hyperband ends bad trials after few epochs, by itself."""
    early_stopping: bool = False
    """Whether a trial ends early that does worse than most did after as many epochs."""
    ranges: Ranges = msgspec.field(default_factory=lambda: Ranges(learning_rate=(0.0001, 0.01)))


class Promotion(Section):
    """What a challenger has to show on the test images to take the champion's place.

    Its mAP is `minimum_map` or more and more than `margin` above the champion's, or above what
    label frequencies reach where there is no champion; and it is proven better. Where each image
    has a single label all of it is about macro recall instead, and about the recall of labels.
    """

    margin: Share = 0.0
    """By how much its mAP must be above the champion's."""
    minimum_map: Share = 0.0
    """The mAP that it must have; of single labels the macro recall."""
    confidence: Annotated[float, Meta(ge=0, le=0.99)] = 0.9
    """How probable it must be that the challenger is better on other images, too; 0: not asked."""
    max_label_drop: Share | None = None
    """By how much the average precision of a label with 10 images may fall, of single labels its
    recall; null: by any."""


class Budget(Section):
    """What may be spent, in the price table's currency."""

    per_run: Annotated[float, Meta(ge=0.01, le=1e6)] | None = None
    """The training of a run that might cost more is refused."""


class DriftSettings(Section):
    """When the images that are tagged count as other ones than those of validation."""

    psi: Annotated[float, Meta(ge=0.01, le=10)] = 0.2
    """Population stability index from which on a label, or the files, drifted."""
    min_images: Annotated[int, Meta(ge=20, le=1_000_000)] = 200
    """Fewer within the window tell nothing."""
    window_hours: Annotated[int, Meta(ge=1, le=168)] = 24
    """How far a look goes back."""
    retrain: bool = False
    """Whether drift, when it begins, starts a run of the newest list, at most daily."""


class Settings(Section):
    """All settings of a dataset."""

    source: Prefix | None = None
    """The s3:// prefix that paths resolve against, with its closing slash; null: the dataset's."""
    on_conflict: OnConflict = "first_wins"
    """Which row of an image or an id counts where a list has several."""
    task: AskedTask = "auto"
    """single: an image has exactly one label, and a row without one, or with several, is rejected;
    multi: any number of them; auto: single where every accepted row has exactly one of several."""
    image: ImageSettings = ImageSettings()
    split: Split = Split()
    tolerance: Tolerance = Tolerance()
    records: Records = Records()
    quality: Quality = "standard"
    """What training may take: fast a quarter of the images that standard sees, thorough four times
    as many. What the section training names goes before what the quality asks for."""
    training: Training = Training()
    tuning: Tuning | None = None
    thresholds: Mapping[str, Share] = msgspec.field(default_factory=dict)
    """The score from which a label is given as a tag, by the label's name, such as `{heart: 0.4}`;
    the others' are chosen by the validation images. Nothing is trained for it, and it holds from
    the next list on, whichever model serves."""
    reject_option: RejectOption = RejectOption()
    promotion: Promotion = Promotion()
    endpoint: EndpointSettings = EndpointSettings()
    budget: Budget = Budget()
    sampling: Sampling = Sampling()
    retrain: Retrain = Retrain()
    drift: DriftSettings = DriftSettings()
    recommender: Recommender = Recommender()
    edge: EdgeSettings = EdgeSettings()
