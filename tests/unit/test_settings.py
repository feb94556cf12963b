"""dataset.yaml: defaults, round trip, and an error that names what is wrong."""

from itertools import pairwise

import msgspec
import pytest

from tagline.formats.settings import Settings
from tagline.settings import InvalidSettings, load_settings


def test_empty_file_is_all_defaults() -> None:
    assert load_settings("") == load_settings("# nothing\n") == Settings()
    assert Settings().image.size == 96
    assert Settings().tuning is None
    assert load_settings("split:\n") == load_settings("tuning:\n") == Settings()


def test_everything_survives_a_round_trip() -> None:
    settings = load_settings("""
        source: s3://pictures/site
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
    assert settings.image.background == "#ff00aa"
    assert settings.training.learning_rate == 1e-4
    assert settings.tuning is not None
    assert settings.tuning.ranges.learning_rate == (1e-5, 0.1)
    assert settings.tuning.ranges.mini_batch_size == (8, 64)
    assert msgspec.json.decode(msgspec.json.encode(settings), type=Settings) == settings


@pytest.mark.parametrize(
    ("text", "named"),
    [
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
        ("training: {network: ../../x}", "training.network"),
        ("training: {instance_type: big}", "training.instance_type"),
        ("image: {size: 8}", "image.size: expected an integer from 16 to 1024, found 8"),
        ("image: {size: 96, size: 97}", "size: given twice (line 1)"),
        ("image: {mode: tile}", "image.mode"),
        ("image: {background: white}", "image.background"),
        ("split: {validation: 0}", "split.validation"),
        ("split: {validation: 1}", "split.validation"),
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
        ('training: {network: "vgg\\n"}', "expected a name of lower-case letters and digits"),
        ('training: {instance_type: "ml.m5.large\\n"}', "instance type such as ml.m5.xlarge"),
        ('image: {background: "#ffffff\\n"}', "image.background: expected a colour such as"),
        ('source: "s3://pictures/a\\tb"', "source: expected s3://bucket/prefix/, found"),
        ("image: {size: null}", "image.size: expected an integer from 16 to 1024, found None"),
        ("training: {epochz: 1}", "training.epochz: no such setting; known here: network, epochs"),
        ("tuning: {ranges: {epochs: null}}", "tuning.ranges.epochs: expected [low, high]"),
        ("tuning: {ranges: {epochs: [5, 5]}}", "expected [low, high] with low below high"),
        ("tuning: {ranges: null}", "tuning.ranges: expected ranges for some of learning_rate"),
        ("tuning: {ranges: {network: [a, a]}}", "tuning.ranges.network: expected choices that"),
    ],
)
def test_refuses_and_names_the_setting(text: str | bytes, named: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(text)
    assert named in str(caught.value)


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
