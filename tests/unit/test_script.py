"""`training: {script: s3://…}`: a person's own script, checked before anything is paid for."""

import contextlib
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagline.formats.keys import RunKeys
from tagline.jobs.limits import Limits, Spending, TooExpensive
from tagline.jobs.sagemaker import Stack
from tagline.jobs.training import images_seen, plan_training
from tagline.planning.script import check_archive
from tagline.pricing.table import PriceList
from tagline.settings import InvalidSettings, load_settings
from tests.unit.documents import RUN, TUNING, packed_dataset, plain, settings
from tests.unit.flow_world import assert_valid
from tests.unit.ingest_world import World, world

URI = "s3://data/demo/scripts/sourcedir.tar.gz"
STACK = Stack(
    "tagline", "data", "registry/trainer:1", "ml.c5.4xlarge", script_image="registry/own:1"
)
SPENDING = Spending(
    Limits(frozenset({"ml.c5.4xlarge", "ml.g4dn.xlarge"}), trials=50, instances=4),
    PriceList("us-east-1"),
)
ROLE = "arn:aws:iam::123456789012:role/sagemaker"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(monkeypatch) as made:
        yield made


def archive(mode: str = "w:gz", **files: str | bytes) -> bytes:
    """Return a tar.gz; a name's __ stands for its point, a leading _ for ./"""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name.replace("__", "."))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


GOOD = archive(train__py="print('hello')\n")


def plan(demo: World, uri: str) -> dict[str, Any]:
    """Plan a run of the script, and return plan.json."""
    demo.put("demo/dataset.yaml", f"training: {{script: '{uri}'}}".encode())
    demo.drop(demo.fill(40))
    demo.plan()
    found: dict[str, Any] = json.loads(demo.read("plan.json"))
    return found


# What the settings alone tell


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{entry: tagger.py}", "training.entry names a file of training.script, which is not set"),
        ("{script: 's3://a/b.zip'}", "training.script: expected a file s3://bucket/key.tar.gz"),
        ("{script: 's3://a/../b.tar.gz'}", "training.script: expected a file s3://bucket/key.tar"),
        ("{script: URI, entry: ../train.py}", "training.entry: expected a .py or .sh file"),
        ("{script: URI, entry: -c.py}", "training.entry: expected a .py or .sh file"),
        ("{script: URI, entry: a b.py}", "training.entry: expected a .py or .sh file"),
        ("{script: URI, algorithm: builtin}", "builtin and training.script exclude each other"),
        ("{script: URI, epochs: 3}", "training.epochs is a setting of Tagline's own trainer"),
        ("{script: URI, start_from: none}", "hand it to the script as training.hyperparameters: {"),
        ("{script: URI, instance_count: 2}", "trains on one machine, and 2 are asked for"),
        ("{script: URI, instance_type: ml.g4dn.xlarge}", "has a GPU, which would be paid for in"),
        ("{script: URI, hyperparameters: {a b: 1}}", "training.hyperparameters.a b: a name of le"),
        (
            "{script: URI, hyperparameters: {sagemaker_program: x}}",
            "does not begin with sagemaker_",
        ),
        ("{script: URI, hyperparameters: {a: [1]}}", "training.hyperparameters: expected"),
    ],
)
def test_settings_that_a_script_could_not_follow(text: str, said: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        load_settings(f"training: {text}".replace("URI", f"'{URI}'"))
    assert said in str(refused.value)


def test_other_sections_that_it_could_not_follow() -> None:
    own = f"training: {{script: '{URI}'}}\n"
    with pytest.raises(InvalidSettings, match="quality: fast chooses settings of Tagline's own"):
        load_settings(f"{own}quality: fast")
    with pytest.raises(InvalidSettings, match="Hyperband counts epochs"):
        load_settings(f"{own}tuning: {{strategy: Hyperband}}")
    long = "x" * 2600
    with pytest.raises(InvalidSettings, match=r"hyperparameters\.a: 2,602 characters are more"):
        load_settings(f"training: {{script: '{URI}', hyperparameters: {{a: {long}}}}}")


# What is asked of SageMaker


def request(**sections: Any) -> dict[str, Any]:
    asked = settings(**sections)
    dataset = packed_dataset()
    return plain(plan_training(RUN, dataset, asked, STACK, role=ROLE, spending=SPENDING))


def test_the_script_runs_in_its_image_with_its_arguments_alone() -> None:
    own = {"learning-rate": 0.01, "epochs": 5, "name": "two words", "flag": True}
    planned = request(training={"script": URI, "entry": "a/tagger.py", "hyperparameters": own})
    asked = planned["request"]
    assert asked["AlgorithmSpecification"]["TrainingImage"] == "registry/own:1"
    assert asked["HyperParameters"] == {
        "learning-rate": "0.01",
        "epochs": "5",
        "name": '"two words"',
        "flag": "true",
        "sagemaker_program": '"a/tagger.py"',
        "sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
    }
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in asked["InputDataConfig"]
    }
    prefix = f"s3://data/demo/runs/{RUN}/"
    assert channels == {
        "train": f"{prefix}training/",
        "validation": f"{prefix}validation/",
        "dataset": f"{prefix}dataset.json",
        "code": f"{prefix}script/sourcedir.tar.gz",
    }
    named = {"TrainingJobName": f"{planned['job_name']}-0", "RoleArn": ROLE}
    assert_valid("CreateTrainingJob", named | asked)


def test_a_search_hands_its_values_as_arguments() -> None:
    asked = request(training={"script": URI}, tuning=TUNING | {"strategy": "Random"})["request"]
    search = asked["HyperParameterTuningJobConfig"]
    assert search["HyperParameterTuningJobObjective"]["MetricName"] == "validation:mAP"
    fixed = asked["TrainingJobDefinition"]["StaticHyperParameters"]
    assert set(fixed) == {"sagemaker_program", "sagemaker_submit_directory"}


def test_a_stack_without_the_image_refuses() -> None:
    asked = settings(training={"script": URI})
    without = Stack("tagline", "data", "registry/trainer:1", "ml.c5.4xlarge")
    with pytest.raises(TooExpensive, match="ScriptImageUri names no image"):
        plan_training(RUN, packed_dataset(), asked, without, role=ROLE, spending=SPENDING)
    gpu = Stack("tagline", "data", "a:1", "ml.g4dn.xlarge", script_image="registry/own:1")
    with pytest.raises(InvalidSettings, match="the stack's parameter TrainingInstanceType: ml"):
        plan_training(RUN, packed_dataset(), asked, gpu, role=ROLE, spending=SPENDING)
    assert images_seen(packed_dataset(), asked) == 0  # nobody but the script knows


# What the archive holds


@pytest.mark.parametrize(
    ("data", "entry", "said"),
    [
        (b"PK\x03\x04", "train.py", "it is no tar.gz: Not a gzipped file"),
        (GOOD[:-40], "train.py", "it is no tar.gz: "),
        (archive("w", train__py=""), "train.py", "it is no tar.gz: Not a gzipped file"),
        (archive(main__py=""), "train.py", "it has no file train.py (it has main.py): put it at"),
        (archive(README__md=""), "train.py", "it has no file train.py (nor any other): put it"),
        (archive(**{"src/train__py": ""}), "train.py", "(it has src/train.py)"),
        (archive(train__py="a = 1\nif:\n"), "train.py", "train.py line 2: invalid syntax"),
        (archive(train__py=b"\xff\xfe"), "train.py", "train.py"),
        (archive(train__py=b"a\0"), "train.py", "train.py"),
        (archive(train__py="", setup__py=""), "train.py", "it has a setup.py, by which it would"),
        (archive(train__py="", requirements__txt="gluoncv\n"), "train.py", "no network to fetch"),
        (archive(train__py="#" * ((1 << 20) + 1)), "train.py", "train.py is larger than 1 MiB"),
    ],
    ids=range(12),  # gzip's bytes tell the time, and workers would differ
)
def test_an_archive_that_could_not_run(data: bytes, entry: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is looked at
        check_archive(data, entry)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (GOOD, "train.py"),
        (archive(**{"./train__py": "pass"}), "train.py"),
        (archive(**{"src/a/train__py": "pass"}), "src/a/train.py"),
        (archive(run__sh="if [", train__py=""), "run.sh"),
        (
            archive(train__py="", requirements__txt="--no-index\n--find-links wheels\na==1\n"),
            "train.py",
        ),
    ],
)
def test_an_archive_that_can_run(data: bytes, entry: str) -> None:
    check_archive(data, entry)


@given(st.binary(max_size=300), st.integers(0, len(GOOD)), st.booleans())
def test_no_bytes_break_the_check(noise: bytes, at: int, inside: bool) -> None:
    data = GOOD[:at] + noise + (GOOD[at:] if inside else b"")
    with contextlib.suppress(ValueError):
        check_archive(data, "train.py")


def test_an_archive_that_unpacks_to_very_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagline.planning.script._UNPACKED", 1 << 20)
    bomb = archive(train__py="", big=bytes(1 << 20))
    assert len(bomb) < 10_000
    with pytest.raises(ValueError, match="it unpacks to more than 1 MiB"):
        check_archive(bomb, "train.py")


# What the plan does with it


def test_the_run_keeps_what_it_took(demo: World) -> None:
    demo.put("demo/scripts/sourcedir.tar.gz", GOOD)
    found = plan(demo, URI)
    assert found["script"] == hashlib.sha256(GOOD).hexdigest()
    assert RunKeys(found["run"]).script.endswith("/script/sourcedir.tar.gz")
    assert demo.read("script/sourcedir.tar.gz") == GOOD
    assert found["settings"]["training"]["script"] == URI


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://data/demo/scripts/gone.tar.gz", "there is no file s3://data/demo/scripts/gone"),
        ("s3://data/demo/start/a.tar.gz", "must lie below s3://data/demo/scripts/: copy it there"),
        ("s3://data/other/scripts/a.tar.gz", "cannot be read: copy the file to s3://data/demo/sc"),
        ("s3://elsewhere/a.tar.gz", "or add its bucket to the stack's SourceBuckets"),
        ("s3://data/demo/scripts/bad.tar.gz", "bad.tar.gz cannot run: it has no file train.py"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_packed(
    demo: World, uri: str, said: str
) -> None:
    demo.put("demo/scripts/bad.tar.gz", archive(main__py=""))
    with pytest.raises(InvalidSettings, match=r"training\.script: ") as refused:
        plan(demo, uri)
    assert said in str(refused.value)


def test_another_script_at_the_same_place_is_another_model(demo: World) -> None:
    """And the same one at another place is the same."""
    marks = []
    for uri, data in (
        ("s3://data/demo/scripts/a.tar.gz", GOOD),
        ("s3://data/demo/scripts/a.tar.gz", archive(train__py="print('again')\n")),
        ("s3://data/demo/scripts/b.tar.gz", GOOD),
    ):
        demo.put(uri.removeprefix("s3://data/"), data)
        marks.append(plan(demo, uri)["fingerprint"])
    assert marks[0] != marks[1]
    assert marks[0] == marks[2]


def test_scripts_arguments_are_json() -> None:
    asked = settings(training={"script": URI, "hyperparameters": {"a": "1", "b": 1}})
    planned = plain(
        plan_training(RUN, packed_dataset(), asked, STACK, role=ROLE, spending=SPENDING)
    )
    values = planned["request"]["HyperParameters"]
    assert [json.loads(values[name]) for name in "ab"] == ["1", 1]
