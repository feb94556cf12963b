"""dataset.yaml: defaults, round trip, and an error that names what is wrong."""

from itertools import pairwise

import msgspec
import pytest

from tagline.formats.settings import Settings, Tuning
from tagline.settings import InvalidSettings, check_thresholds, load_settings


def test_empty_file_is_all_defaults() -> None:
    assert load_settings("") == load_settings("# nothing\n") == Settings()
    assert load_settings("split:\n") == load_settings("tuning:\n") == Settings()


def test_the_defaults() -> None:
    """docs/settings.md says them, and each run's plan.json."""
    assert msgspec.to_builtins(load_settings("tuning: {max_jobs: 4}")) == {
        "source": None,
        "image": {"size": 96, "mode": "letterbox", "background": "#ffffff"},
        "split": {"validation": 0.2, "test": None, "seed": 0},
        "on_conflict": "first_wins",
        "task": "auto",
        "tolerance": {"rejected": 0.5},
        "quality": "standard",
        "training": {
            "network": "auto",
            "epochs": None,
            "learning_rate": None,
            "mini_batch_size": None,
            "optimizer": "adam",
            "weight_decay": None,
            "augmentation_type": None,
            "loss": None,
            "use_weighted_loss": False,
            "label_smoothing": None,
            "dropout": None,
            "early_stopping_patience": None,
            "weight_averaging": None,
            "views": None,
            "calibration": "none",
            "seed": 0,
            "engine": "auto",
            "instance_type": None,
            "instance_count": 1,
            "input_mode": "auto",
            "shuffle_buffer": None,
            "max_runtime": 86400,
            "spot": False,
            "start_from": "auto",
            "algorithm": "ours",
            "hyperparameters": None,
            "script": None,
            "entry": "train.py",
        },
        "tuning": {
            "max_jobs": 4,
            "max_parallel_jobs": 1,
            "strategy": "Random",
            "early_stopping": False,
            "ranges": {"learning_rate": (0.0001, 0.01)},
        },
        "thresholds": {},
        "reject_option": {"accuracy": 0.95},
        "promotion": {
            "margin": 0.0,
            "minimum_map": 0.0,
            "confidence": 0.9,
            "max_label_drop": None,
        },
        "endpoint": {
            "mode": "instances",
            "instance_type": None,
            "instance_count": None,
            "min_instances": None,
            "max_instances": None,
            "invocations_per_instance": None,
            "memory": None,
            "max_concurrency": None,
            "rollout": None,
            "rollout_step": None,
            "rollout_wait": None,
            "bake": None,
            "max_latency": None,
            "shadow": None,
            "shadow_requests": None,
            "shadow_minutes": None,
            "shadow_agreement": None,
        },
        "budget": {"per_run": None},
        "records": {"file_mib": 2048},
        "sampling": {"percent": 0.0, "quota": 100, "band": (0.3, 0.7), "keep_days": 90},
        "retrain": {"after_corrections": None, "at_most": "daily"},
        "drift": {"psi": 0.2, "min_images": 200, "window_hours": 24, "retrain": False},
        "edge": {"targets": (), "int8": False, "by": "greengrass", "frames": 0},
        "recommender": {
            "algorithm": "auto",
            "minimum_rating": None,
            "minimum_user_ratings": 1,
            "minimum_item_ratings": 1,
            "regularization": None,
            "age_decay": None,
            "hidden": None,
        },
    }
    assert Settings().tuning is None
    assert Tuning().max_jobs == 4


def test_everything_survives_a_round_trip() -> None:
    settings = load_settings("""
        source: s3://pictures/site
        on_conflict: last_wins
        image: {size: 128, mode: crop, background: "#FF00aa"}
        split: {validation: 0.3, seed: 7}
        tolerance: {rejected: 1}
        training: {epochs: 5, learning_rate: 1e-4, optimizer: nag, use_weighted_loss: true}
        tuning:
          max_jobs: 2
          ranges:
            learning_rate: {min: 1e-5, max: 0.1}
            mini_batch_size: [8, 64]
            optimizer: [adam, sgd]
            use_weighted_loss: [true, false]
        promotion: {margin: 0.01}
        endpoint: {instance_type: ml.m5.large, instance_count: 2}
        """)
    assert settings.source == "s3://pictures/site/"
    assert settings.on_conflict == "last_wins"
    assert settings.image.background == "#ff00aa"
    assert settings.training.learning_rate == 1e-4
    assert settings.tuning is not None
    assert settings.tuning.ranges.learning_rate == (1e-5, 0.1)
    assert settings.tuning.ranges.mini_batch_size == (8, 64)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=Settings) == settings


def test_thresholds_are_named_by_labels() -> None:
    settings = load_settings("thresholds: {heart: 1, 'no': 0.25, a.b: 0}")
    assert settings.thresholds == {"heart": 1.0, "no": 0.25, "a.b": 0.0}
    assert load_settings("thresholds:").thresholds == {}
    assert msgspec.json.decode(msgspec.json.encode(settings), type=Settings) == settings
    check_thresholds(settings, ("no", "heart", "a.b"))
    with pytest.raises(InvalidSettings, match=r"thresholds.heart: .* no such label; near it: hart"):
        check_thresholds(settings, ("hart", "no", "a.b"))
    with pytest.raises(InvalidSettings, match=r"its labels are x, y"):
        check_thresholds(settings, ("x", "y"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("thresholds: 0.4", "thresholds: expected `name: value` pairs, found 0.4"),
        ("thresholds: {a: 1.5}", "thresholds.a: expected a number from 0 to 1, found 1.5"),
        ("thresholds: {a: x}", "thresholds.a: expected a number"),
        ("thresholds: {no: 0.5}", "thresholds.False: expected a name (in quotes"),
        ("sources: s3://a/b/", "sources: no such setting"),
        ("training: {lr: 0.1}", "training.lr: no such setting"),
        ("training: 5", "training: expected"),
        ("- a", "dataset.yaml: expected"),
        ("training: {epochs: '3'}", "training.epochs: expected an integer"),
        ("training: {epochs: true}", "training.epochs"),
        ("training: {learning_rate: .nan}", "training.learning_rate"),
        ("training: {learning_rate: .inf}", "training.learning_rate"),
        ("training: {optimizer: lion}", "training.optimizer"),
        ("training: {use_weighted_loss: 1}", "training.use_weighted_loss"),
        ("training: {loss: focal}", "training.loss: expected one of bce, weighted, asymmetric"),
        (
            "training: {loss: bce, use_weighted_loss: true}",
            "training.use_weighted_loss is the older",
        ),
        ("training: {label_smoothing: 0.6}", "training.label_smoothing"),
        ("training: {early_stopping_patience: -1}", "training.early_stopping_patience"),
        ("training: {weight_averaging: 1}", "training.weight_averaging"),
        ("training: {views: 6}", "training.views: expected an integer from 1 to 5, found 6"),
        ("quality: best", "quality: expected one of fast, standard, thorough"),
        (
            "tuning: {ranges: {loss: [bce, weighted], use_weighted_loss: [true, false]}}",
            "tuning.ranges.use_weighted_loss is the older name",
        ),
        ("training: {network: ../../x}", "training.network"),
        ("training: {instance_type: big}", "training.instance_type"),
        ("image: {size: 8}", "image.size: expected an integer from 16 to 1024, found 8"),
        ("image: {size: 96, size: 97}", "dataset.yaml line 1: size: given twice"),
        ("image: {mode: tile}", "image.mode"),
        ("image: {background: white}", "image.background"),
        ("on_conflict: newest", "on_conflict: expected one of first_wins, last_wins, found"),
        ("split: {validation: 0}", "split.validation"),
        ("split: {validation: 1}", "split.validation"),
        ("split: {test: -0.1}", "split.test"),
        ("split: {test: 0.6}", "split.test"),
        ("split: {validation: 0.5, test: 0.45}", "split.test 0.45 and split.validation 0.5 keep"),
        ("split: {test: some}", "split.test"),
        ("tolerance: {rejected: -0.1}", "tolerance.rejected"),
        ("source: http://a/b", "source: expected s3://"),
        ("source: s3://a-b/../c", "source: expected s3://"),
        ("source: s3://A/b", "source: expected s3://"),
        ("tuning: {ranges: {momentum: [0, 1]}}", "tuning.ranges.momentum: cannot be tuned"),
        ("tuning: {ranges: {learning_rate: [1, 0.1]}}", "tuning.ranges.learning_rate"),
        ("tuning: {ranges: {learning_rate: 0.1}}", "tuning.ranges.learning_rate"),
        ("tuning: {ranges: {mini_batch_size: [1.5, 8]}}", "tuning.ranges.mini_batch_size"),
        ("tuning: {ranges: {optimizer: []}}", "tuning.ranges.optimizer"),
        ("tuning: {ranges: {optimizer: [adam, adam]}}", "tuning.ranges.optimizer"),
        ("tuning: {ranges: {use_weighted_loss: [0, 1]}}", "tuning.ranges.use_weighted_loss"),
        ("tuning: {ranges: {}}", "tuning.ranges"),
        ("a: [", "dataset.yaml line 1: not valid YAML"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("[" * 5000, "nested too deeply"),
        ("#" * 70_000, "larger than 64 KiB"),
        (b"\xff\xfe\xfd", "not valid YAML"),
        ("training: {epochs: x}", "training.epochs: expected an integer from 1 to 1000, found 'x'"),
        ("training: {learning_rate: 2}", "expected a number from 1e-07 to 1, found 2"),
        ("training: {optimizer: 1}", "expected one of adam, sgd, rmsprop, nag, found 1"),
        ("training: {use_weighted_loss: 0}", "expected true or false, found 0"),
        ("training: {network: resnet9000}", "training.network: expected one of auto, small, "),
        ("tuning: {ranges: {network: [small, resnet9000]}}", "tuning.ranges.network: expected one"),
        ('training: {instance_type: "ml.m5.large\\n"}', "instance type such as ml.m5.xlarge"),
        ('image: {background: "#ffffff\\n"}', "image.background: expected a colour such as"),
        ('source: "s3://pictures/a\\tb"', "source: expected s3://bucket/prefix/, found"),
        ("image: {size: null}", "image.size: expected an integer from 16 to 1024, found None"),
        (
            "training: {epochz: 1}",
            "training.epochz: no such setting: did you mean training.epochs?",
        ),
        ("epochs: 1", "epochs: no such setting: did you mean training.epochs?"),
        ("image: {sise: 8}", "image.sise: no such setting: did you mean image.size?"),
        ("training: {zzz: 1}", "training.zzz: no such setting; known here: network, epochs"),
        (
            "tuning: {strategy: Hyperband, early_stopping: true}",
            "tuning.early_stopping does not go",
        ),
        (
            "tuning: {strategy: Hyperband, ranges: {epochs: [2, 9]}}",
            "tuning.ranges.epochs does not go",
        ),
        (
            "tuning: {ranges: {image_size: [64, 8]}}",
            "tuning.ranges.image_size: expected an integer",
        ),
        ("tuning: {ranges: {epochs: null}}", "tuning.ranges.epochs: expected [low, high]"),
        ("tuning: {ranges: {epochs: [5, 5]}}", "expected [low, high] with low below high"),
        ("tuning: {ranges: null}", "tuning.ranges: expected ranges for some of learning_rate"),
        (
            "tuning: {ranges: {network: [small, small]}}",
            "tuning.ranges.network: expected choices that",
        ),
    ],
)
def test_refuses_and_names_the_setting(text: str | bytes, named: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(text)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("image:\n  size: 96\n  mode: tile\n", 3, "image.mode: expected"),
        ("image:\n  size: 96\ntraining:\n\n  epochz: 1\n", 5, "training.epochz: no such setting"),
        ("split: {}\nimage: {size: 96,\n  mode: tile}\n", 3, "image.mode: expected"),
        ("split:\n  seed: 1\n  seed: 2\n", 3, "seed: given twice"),
        ("split:\n  seed: [\n", 3, "not valid YAML"),
        ("\ntuning:\n  ranges:\n    epochs: 5\n", 4, "tuning.ranges.epochs: expected [low"),
        ("tuning:\n  max_jobs: 2\n  max_parallel_jobs: 3\n", 3, "3 is more than tuning.max_jobs 2"),
        ("tuning:\n  ranges: {optimizer: [adam]}\n", 1, "tuning.max_jobs 4 is more than the 1 "),
        (f"{'x' * 200}: 1\n", None, "no such setting"),
        ("- 1\n", None, "expected `name: value` settings, found [1]"),
    ],
)
def test_a_fault_names_its_file_and_line(text: str, line: int | None, said: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(text, "my.yaml")
    where = f"my.yaml line {line}: " if line else "my.yaml: "
    assert str(caught.value).startswith(where)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("ranges", "most"),
    [
        ("optimizer: [adam, sgd]", 2),
        ("optimizer: [adam, sgd], network: [auto, small], use_weighted_loss: [true, false]", 8),
        ("mini_batch_size: [8, 10], optimizer: [adam, sgd]", 6),
        ("epochs: [5, 6]", 2),
        ("learning_rate: [0.1, 0.2], optimizer: [adam]", 500),
        ("weight_decay: [0, 1]", 500),
    ],
)
def test_there_are_no_more_trials_than_combinations(ranges: str, most: int) -> None:
    load_settings(f"tuning: {{max_jobs: {most}, ranges: {{{ranges}}}}}")
    if most < 500:
        with pytest.raises(InvalidSettings, match=f"more than the {most} combinations") as caught:
            load_settings(f"tuning: {{max_jobs: {most + 1}, ranges: {{{ranges}}}}}")
        assert caught.value.setting == "tuning.max_jobs"


def test_the_ranges_that_have_few_choices_are_named() -> None:
    said = r"2 combinations of tuning.ranges \(1 of loss times 2 of image_size\): ask for at most 2"
    with pytest.raises(InvalidSettings, match=said):
        load_settings("tuning: {max_jobs: 3, ranges: {image_size: [96, 64], loss: [bce]}}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("split: {seed: 1}\nsplit: {seed: 2}", "dataset.yaml line 2: split: given twice"),
        (
            "a: [",
            (
                "dataset.yaml line 1: not valid YAML: expected the node content, "
                "but found '<stream end>'"
            ),
        ),
        ("a: 2001-99-99", "dataset.yaml: not valid YAML: month must be in 1..12"),
        (
            b"a: \xff",
            "dataset.yaml: not valid YAML: unacceptable character #x00ff: invalid start byte",
        ),
    ],
)
def test_a_file_that_is_no_yaml_is_told_with_its_line(text: str | bytes, told: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(text)
    assert str(caught.value) == told


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in pairwise("abcdefghij")
)


@pytest.mark.parametrize(
    "text",
    [
        f"training:\n  epochs: 0x{'f' * 60_000}\n",
        f"? 0x{'f' * 60_000}\n: 1\n",
        f"{'x' * 60_000}: 1\n",
        f"image: {'x' * 60_000}\n",
        f"image: {{size: [{'x, ' * 20_000}]}}\n",
        f"image:\n  size:\n    {BOMB.replace(chr(10), chr(10) + '    ')}",
    ],
)
def test_a_long_value_is_shown_in_part(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(text)
    assert len(str(caught.value)) < 300


CHOICES = {
    "image.mode": ["letterbox", "crop", "stretch"],
    "training.optimizer": ["adam", "sgd", "rmsprop", "nag"],
    "training.augmentation_type": [
        "none",
        "crop",
        "crop_color",
        "crop_color_transform",
        "geometric",
    ],
    "training.loss": ["bce", "weighted", "asymmetric"],
    "tuning.strategy": ["Random", "Bayesian", "Hyperband"],
}


@pytest.mark.parametrize(("setting", "choices"), CHOICES.items())
def test_the_choices_are_these(setting: str, choices: list[str]) -> None:
    section, name = setting.split(".")
    for choice in choices:
        settings = load_settings(f"{section}: {{{name}: {choice}}}")
        assert getattr(getattr(settings, section), name) == choice
    with pytest.raises(InvalidSettings) as caught:
        load_settings(f"{section}: {{{name}: other}}")
    assert f"expected one of {', '.join(choices)}, found 'other'" in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "least", "most", "step"),
    [
        ("image.size", 16, 1024, 1),
        ("split.seed", 0, 2**31 - 1, 1),
        ("tolerance.rejected", 0, 1, 0.01),
        ("training.epochs", 1, 1000, 1),
        ("training.learning_rate", 1e-7, 1, 1e-8),
        ("training.mini_batch_size", 1, 4096, 1),
        ("training.weight_decay", 0, 1, 0.01),
        ("training.label_smoothing", 0, 0.5, 0.01),
        ("training.dropout", 0, 0.9, 0.01),
        ("training.early_stopping_patience", 0, 1000, 1),
        ("training.weight_averaging", 0, 0.9999, 0.0001),
        ("training.views", 1, 5, 1),
        ("training.seed", 0, 2**31 - 1, 1),
        ("training.max_runtime", 60, 432000, 1),
        ("tuning.max_jobs", 1, 500, 1),
        ("tuning.max_parallel_jobs", 1, 100, 1),
        ("promotion.margin", 0, 1, 0.01),
        ("promotion.minimum_map", 0, 1, 0.01),
        ("promotion.confidence", 0, 0.99, 0.001),
        ("promotion.max_label_drop", 0, 1, 0.01),
        ("endpoint.instance_count", 1, 100, 1),
    ],
)
def test_numbers_have_bounds(setting: str, least: float, most: float, step: float) -> None:
    section, name = setting.split(".")
    more = ", max_jobs: 500" if name == "max_parallel_jobs" else ""  # no more than there are
    for value in (least, most):
        settings = load_settings(f"{section}: {{{name}: {value}{more}}}")
        assert getattr(getattr(settings, section), name) == value
    for value in (least - step, most + step):
        with pytest.raises(InvalidSettings, match=rf"{section}\.{name}: expected "):
            load_settings(f"{section}: {{{name}: {value}}}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("image: &big {size: 96}\n", "line 1: the anchor &big is not taken; write the value out"),
        ("image: {size: 96}\ntraining: *big\n", "line 2: the alias *big is not taken"),
        ("image:\n  <<: *big\n", "line 2: the alias *big is not taken"),
        ("&k image: {size: 96}\n", "the anchor &k is not taken"),
        ("image: [&" + "n" * 5000 + " 1]", "the anchor &nnn"),
    ],
)
def test_aliases_and_anchors_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(text)
    assert named in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "number",
    [
        "9" * 60_000,
        "-" + "9" * 41,
        "0x" + "f" * 60_000,
        "0b" + "1" * 60_000,
        "0" + "7" * 60_000,
        "1" + "_" * 60_000,
        "1" + ":59" * 20_000,
        "1" + ":59" * 20_000 + ".5",
        "0." + "1" * 60_000,
        "1e" + "9" * 60_000,
    ],
)
def test_numbers_are_bounded_in_digits(number: str) -> None:
    with pytest.raises(InvalidSettings, match=r"line 1: a number of [\d,]+ characters; at most 40"):
        load_settings(f"split: {{seed: {number}}}")


@pytest.mark.parametrize("text", ["[" * 60_000, "a: {" * 15_000, "- " * 30_000, "? " * 30_000])
def test_nesting_is_bounded_before_it_costs_anything(text: str) -> None:
    with pytest.raises(InvalidSettings, match="nested too deeply"):
        load_settings(text)


@pytest.mark.parametrize(
    "text",
    [
        "image: {size: 0100}", "image: {size: 1:30}", "image: {size: 0x60}", "image: {size: 1_00}",
        "split: {validation: 0_0.5}", "training: {max_runtime: 1:30:00}", "split: {seed: 0b11}",
    ],
)  # fmt: skip
def test_numbers_are_what_they_look_like(text: str) -> None:
    with pytest.raises(InvalidSettings, match=r"line 1: the number .* is not written in decimal"):
        load_settings(text)


def test_merged_keys_do_not_hide_behind_others() -> None:
    with pytest.raises(InvalidSettings, match="line 2: << is not taken"):
        load_settings("image: {size: 32}\n<<: {image: {size: 64}}\n")


@pytest.mark.parametrize("text", ["+5", "-0", "0", "15"])
def test_plain_integers_are_taken(text: str) -> None:
    assert load_settings(f"split: {{seed: {text}}}").split.seed == int(text)


def test_images_are_packed_at_the_largest_size_that_is_searched() -> None:
    searched = load_settings(
        "image: {size: 64}\ntuning: {max_jobs: 2, ranges: {image_size: [96, 128]}}"
    )
    assert searched.image.size == 128
    assert load_settings("image: {size: 64}\ntuning: {max_jobs: 2}").image.size == 64


def test_what_is_kept_of_requests_and_what_corrections_start() -> None:
    sampling = "sampling: {percent: 2.5, band: [0.2, 0.6], keep_days: 7}"
    found = load_settings(f"{sampling}\nretrain: {{after_corrections: 200}}")
    assert (found.sampling.percent, found.sampling.band, found.sampling.keep_days) == (
        2.5,
        (0.2, 0.6),
        7,
    )
    assert (found.retrain.after_corrections, found.retrain.at_most) == (200, "daily")
    assert load_settings("sampling: {band: null}").sampling.band is None
    for text, said in {
        "sampling: {band: [0.6, 0.2]}": "the first score must be below the second",
        "sampling: {band: 0.2}": "low below high",
        "sampling: {keep_days: 8}": "one of 1, 7, 30, 90, 365",
        "retrain: {at_most: yearly}": "one of hourly, daily, weekly",
        "retrain: {after_corrections: 0}": "an integer from 1",
    }.items():
        with pytest.raises(InvalidSettings, match=said):
            load_settings(text)
