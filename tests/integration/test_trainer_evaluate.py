"""`python -m trainer evaluate`: challenger and champion judged, documents written."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from msgspec import convert
from PIL import Image

from tagline.formats.document import encode
from tagline.formats.models import Curve
from tagline.scores.platt import Curves
from tests.integration.trainer_jobs import (
    CHAMPION_RUN,
    LABELS,
    RUN,
    SIDE,
    cut,
    onnx_scores,
    processing_job,
    python,
    read_json,
    run,
    training_job,
    write,
    write_records,
)
from tests.unit.run_documents import packed_dataset

pytestmark = pytest.mark.slow


INSTEAD = {"start": {"kind": "none", "instead": "there is no starter for <it>"}}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A challenger, and an older champion: other image size, labels renamed and out of order."""
    challenger = training_job(tmp_path_factory.mktemp("challenger"))
    champion = training_job(
        tmp_path_factory.mktemp("champion"),
        {"epochs": "3", "run": CHAMPION_RUN},
        side=48,
        labels=["red", "retired", "blue", LABELS[3]],
    )
    for base in (challenger, champion):
        done = run("train", base)
        assert done.returncode == 0, done.stderr
    path = challenger / "model/model.json"
    path.write_text(json.dumps(read_json(path) | INSTEAD))
    return challenger, champion


@pytest.fixture(scope="module")
def judged(models: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = processing_job(tmp_path_factory.mktemp("evaluate"), *models)
    done = run("evaluate", base, TAGLINE_RUN=RUN, TAGLINE_CHAMPION_RUN=CHAMPION_RUN)
    assert done.returncode == 0, done.stderr
    return base / "processing/output"


def test_the_metrics_have_the_agreed_keys(judged: Path) -> None:
    metrics = read_json(judged / "metrics.json")
    assert (metrics["run"], metrics["images"]) == (RUN, 40)
    assert metrics["baseline_map"] < metrics["mAP"] <= 1
    assert [row["label"] for row in metrics["labels"]] == LABELS
    first = metrics["labels"][0]
    kinds = {"ap", "ap_low", "ap_high", "gain", "gain_low", "gain_high", "f1", "ece"}
    of_single = {"recall": None, "precision": None}
    assert of_single.items() <= first.items()
    assert set(first) == {"label", "support", "threshold", "chosen", *kinds, *of_single}
    assert first["ap_low"] <= first["ap"] <= first["ap_high"]
    assert first["gain_low"] <= first["gain"] <= first["gain_high"]
    sizes = {"trained_at": 48, "judged_at": SIDE, "task": "multi"}
    nothing = dict.fromkeys(["macro_recall", "top1", "top5"])
    assert (sizes | nothing).items() <= metrics["champion"].items()
    assert set(metrics["champion"]) == {"run", "mAP", "micro_ap", "baseline_map", *sizes, *nothing}
    assert metrics["champion"]["run"] == CHAMPION_RUN
    assert metrics["start"]["instead"] == INSTEAD["start"]["instead"]
    assert metrics["champion"]["baseline_map"] == metrics["baseline_map"]
    difference = metrics["difference"]
    assert difference["mAP"] == pytest.approx(metrics["mAP"] - metrics["champion"]["mAP"], abs=1e-5)
    assert difference["low"] <= difference["high"]


def with_test_images(base: Path, images: int) -> Path:
    """Give an evaluation images of its own to judge by."""
    inputs = base / "processing/input"
    write_records(inputs / "test/test.rec", images, seed=7)
    dataset = packed_dataset(run=RUN, labels=LABELS, image={"size": SIDE}, test=images)
    (inputs / "dataset/dataset.json").write_bytes(encode(dataset))
    return base


def test_the_test_images_judge_and_the_validation_images_choose(
    models: tuple[Path, Path], judged: Path, tmp_path: Path
) -> None:
    base = with_test_images(processing_job(tmp_path, *models), 50)
    done = run("evaluate", base, TAGLINE_RUN=RUN, TAGLINE_CONFIDENCE="0.75")
    assert done.returncode == 0, done.stderr
    output = base / "processing/output"
    metrics, before = read_json(output / "metrics.json"), read_json(judged / "metrics.json")
    assert (metrics["judged_on"], metrics["images"]) == ("test", 50)
    assert (before["judged_on"], before["images"]) == ("validation", 40)
    assert metrics["baseline_map"] != before["baseline_map"]
    assert [x["threshold"] for x in metrics["labels"]] == [x["threshold"] for x in before["labels"]]
    assert metrics["difference"]["confidence"] == 0.75
    page, card = (output / "report.html").read_text(), read_json(output / "model_card.json")
    assert "<dt>test images</dt><dd>50</dd>" in page
    assert "All on the same test images." in page
    assert "slightly optimistic" not in page
    assert "Epoch, tuning and thresholds were chosen on other images" in " ".join(card["limits"])
    assert card["metrics"]["judged_on"] == "test"
    assert "slightly optimistic" in (judged / "report.html").read_text()


def test_images_that_the_champion_learned_judge_no_comparison(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    base = with_test_images(processing_job(tmp_path, *models), 50)
    ours = [{"image": f"i{n}", "id": n, "line": n + 1} for n in range(50)]
    sides = ["train"] * 15 + ["validation"] * 5
    theirs = [
        {"image": f"i{n}", "id": 500 + n, "line": 60 - n, "side": side}
        for n, side in enumerate(sides)
    ]
    for name, lines in (("images/images", ours), ("champion-images/images", theirs)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        write(base / f"processing/input/{name}.jsonl", text.encode())
    write(base / "processing/input/champion-verdicts/verdicts.jsonl", b"")
    assert run("evaluate", base).returncode == 0
    metrics = read_json(base / "processing/output/metrics.json")
    assert (metrics["images"], metrics["left_out"]) == (50, 15)
    assert metrics["difference"]["images"] == 35
    assert "15 are left out" in (base / "processing/output/report.html").read_text()


def test_where_there_should_be_test_images_there_are(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    base = with_test_images(processing_job(tmp_path, *models), 3)
    (base / "processing/input/test/test.rec").unlink()
    assert "input 'test' has no file test.rec" in refusal(base)


def test_a_challenger_judged_against_itself_is_equal(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    base = processing_job(tmp_path, models[0], models[0])
    assert run("evaluate", base).returncode == 0
    metrics = read_json(base / "processing/output/metrics.json")
    assert metrics["champion"]["mAP"] == metrics["mAP"]
    assert metrics["mAP"] == round(model_map(models[0]), 6)
    assert (metrics["difference"]["low"], metrics["difference"]["high"]) == (0, 0)


def model_map(job: Path) -> float:
    return float(read_json(job / "model/model.json")["mAP"])


def test_the_first_run_has_no_champion(models: tuple[Path, Path], tmp_path: Path) -> None:
    base = processing_job(tmp_path, models[0])
    cut(base / "processing/input/validation/val.rec", 15, 25)  # as a large set has them
    assert run("evaluate", base, TAGLINE_RUN=RUN).returncode == 0
    metrics = read_json(base / "processing/output/metrics.json")
    assert metrics["champion"] is None
    assert metrics["difference"] is None
    page = (base / "processing/output/report.html").read_text()
    assert "There is no champion yet." in page


def test_smoke_images_carry_the_scores_they_got(judged: Path, models: tuple[Path, Path]) -> None:
    smoke = read_json(judged / "smoke.json")
    assert (smoke["run"], smoke["labels"], len(smoke["images"])) == (RUN, LABELS, 4)
    assert (judged / "smoke.json").stat().st_size < 200_000
    for image in smoke["images"]:
        assert image["content_type"] == "image/jpeg"
        picture = Image.open(io.BytesIO(base64.b64decode(image["body"])))
        data = np.asarray(picture, np.float32).transpose(2, 0, 1)[None]
        # decoders of different libraries differ by a grey level here and there
        scores = onnx_scores(models[0] / "model/model.onnx", data)
        np.testing.assert_allclose(scores[0], image["scores"], atol=0.02)


def test_the_card_says_what_the_model_is_made_of_and_not(judged: Path) -> None:
    card = read_json(judged / "model_card.json")
    assert card["model"]["run"] == RUN
    assert card["data"]["rows"] == 136
    assert card["metrics"]["images"] == 40
    assert any("The champion never learned 1 label(s)" in text for text in card["limits"])
    assert "licence" in card


def test_doubted_rows_are_named_by_the_lists_lines(judged: Path) -> None:
    for line in (judged / "suspects.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert (row["line"], row["path"]) == (row["id"] + 3, f"{row['id']}.png")
        assert row["labels"]


def test_the_report_asks_for_nothing_and_escapes_names(judged: Path) -> None:
    page = (judged / "report.html").read_text()
    assert "default-src 'none'" in page
    assert page.count("<script") == 1  # whose digest the policy names
    assert not re.findall(r'(?:src|href|url)\s*[=(]\s*["\']?(?!data:|#)[^"\' >]+', page)
    assert "<b>wide</b>" not in page
    assert "&lt;b&gt;wide&lt;/b&gt; &amp; low" in page
    assert CHAMPION_RUN in page
    assert f"judged on images of {SIDE} px; it was trained on 48 px" in page
    assert "<li>Training started from none: there is no starter for &lt;it&gt;</li>" in page
    assert (
        '<th scope="row">start_from</th><td>none: there is no starter for &lt;it&gt;</td>' in page
    )
    assert page.count("data:image/jpeg;base64,") >= 2
    assert len(page) < 2_000_000


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        ("challenger/model.tar.gz", "input 'challenger' has no file model.tar.gz"),
        ("champion/model.tar.gz", f"champion {CHAMPION_RUN} is named, but its model.tar.gz"),
        ("validation/val.rec", "input 'validation' has no file val.rec"),
    ],
)
def test_a_missing_input_is_named(
    models: tuple[Path, Path], tmp_path: Path, remove: str, message: str
) -> None:
    base = processing_job(tmp_path, *models)
    (base / "processing/input" / remove).unlink()
    assert message in refusal(base)


def test_a_damaged_champion_is_named(models: tuple[Path, Path], tmp_path: Path) -> None:
    base = processing_job(tmp_path, *models)
    archive = base / "processing/input/champion/model.tar.gz"
    archive.write_bytes(archive.read_bytes()[:2000])
    assert "input 'champion': " in refusal(base)


# moves every logit so far down that its score is exactly 0
SATURATE = """
import sys, onnx
from onnx import numpy_helper
model = onnx.load(sys.argv[1])
bias = next(x for x in model.graph.initializer if x.name.endswith("dense0_bias"))
bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) - 1000, bias.name))
onnx.save(model, sys.argv[1])
"""


def test_a_challenger_that_answers_the_same_to_all_is_refused(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(models[0] / "model", tmp_path / "broken/model")
    done = python(tmp_path, "-c", SATURATE, str(tmp_path / "broken/model/model.onnx"))
    assert done.returncode == 0, done.stderr
    base = processing_job(tmp_path / "job", tmp_path / "broken", models[1])
    assert re.fullmatch(
        r"input 'challenger': the model is constant: \d+ different images get the same scores; "
        "it is not promoted",
        refusal(base),
    )


def test_a_champion_that_answers_the_same_to_all_may_be_beaten(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(models[1] / "model", tmp_path / "broken/model")
    done = python(tmp_path, "-c", SATURATE, str(tmp_path / "broken/model/model.onnx"))
    assert done.returncode == 0, done.stderr
    base = processing_job(tmp_path / "job", models[0], tmp_path / "broken")
    assert run("evaluate", base).returncode == 0
    metrics = read_json(base / "processing/output/metrics.json")
    assert metrics["champion"]["mAP"] == metrics["baseline_map"]


def refusal(base: Path) -> str:
    done = run("evaluate", base, TAGLINE_RUN=RUN, TAGLINE_CHAMPION_RUN=CHAMPION_RUN)
    assert done.returncode == 1
    text = (base / "output/message").read_text()
    assert text in done.stderr
    assert not (base / "processing/output/metrics.json").exists()
    return text


def test_wrong_usage_is_told_apart_from_failure(tmp_path: Path) -> None:
    done = run("pack", tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "usage: python -m trainer train|evaluate|package|serve\n",
    )


def test_a_calibrated_model_answers_by_the_curves_it_names(
    models: tuple[Path, Path], judged: Path, tmp_path: Path
) -> None:
    plain = models[0]
    base = Path(shutil.copytree(plain, tmp_path / "calibrated"))
    given = read_json(base / "input/config/hyperparameters.json") | {"calibration": "platt"}
    write(base / "input/config/hyperparameters.json", json.dumps(given).encode())
    done = run("train", base)  # from the checkpoint of its last epoch
    assert done.returncode == 0, done.stderr
    assert "scores of 4 labels are calibrated; 0 are left as they are" in done.stdout
    described = read_json(base / "model/model.json")
    curves = Curves.of(convert(described["calibration"], dict[str, Curve]), LABELS)
    noise = np.random.default_rng(1).integers(0, 256, (9, 3, SIDE, SIDE)).astype(np.float32)
    scores = [onnx_scores(job / "model/model.onnx", noise) for job in (plain, base)]
    np.testing.assert_allclose(scores[1], curves.calibrated(scores[0]), atol=1e-5)
    assert np.abs(scores[1] - scores[0]).max() > 0.01

    asked = processing_job(tmp_path / "evaluation", base, plain)
    done = run("evaluate", asked, TAGLINE_RUN=RUN, TAGLINE_CHAMPION_RUN=CHAMPION_RUN)
    assert done.returncode == 0, done.stderr
    output = asked / "processing/output"
    found, before = read_json(output / "metrics.json"), read_json(judged / "metrics.json")
    assert found["mAP"] == before["mAP"]
    assert found["ece"] == pytest.approx(before["ece"], abs=1e-4)
    assert found["calibrated_ece"] < found["ece"]
    smoke = read_json(output / "smoke.json")
    assert smoke["images"][0]["scores"] != read_json(judged / "smoke.json")["images"][0]["scores"]
    page = (output / "report.html").read_text()
    assert "The scores of 4 labels are calibrated by Platt" in page
    assert "Scores uncalibrated: ECE" in page
