"""Each mistake and each bad input that docs/faq.md has in a table is made, and said as it says."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tagline.cli import places
from tagline.cli.main import app
from tests.unit.converting import written

PAGE = (Path(__file__).parents[2] / "docs/faq.md").read_text(encoding="utf-8")
ROWS = {
    given: said
    for title in ("## The five mistakes", "### What `tagline convert` cannot take")
    for given, said in re.findall(
        r"^\| (.+?) \| \"(.+?)\" \|", PAGE.split(title)[1].split("\n#")[0], re.MULTILINE
    )
}
TABLE = "filename,tags\ncats/a.png,cat\ndogs/b.png,dog\n"
LIST = "1\t1\t0\tcats/a.png\n2\t0\t1\tdogs/b.png\n"
COCO = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [], "categories": []}
YOLO = "0 0.5 0.5 0.1 0.1\n"


def made(command: str, **files: str | bytes) -> list[str]:
    """Write files, whose names have __ for a slash and _ for a dot; return the command's words."""
    for name, text in files.items():
        written(Path(name.replace("__", "/").replace("_", ".")), text)
    return command.split()


CASES: dict[str, Callable[[], list[str]]] = {
    "a CSV given where a list is meant": lambda: made("check stickers.csv", stickers_csv=TABLE),
    "`--images` of another folder": lambda: made(
        "check s.lst --images photos", s_lst=LIST, photos__a_png=b""
    ),
    "labels.txt of another list": lambda: made(
        "check s.lst --labels labels.txt", s_lst=LIST, labels_txt="cat\n"
    ),
    "a setting spelled wrong": lambda: made(
        "check s.lst --config dataset.yaml", s_lst=LIST, dataset_yaml="training: {epoch: 3}\n"
    ),
    "no cloud started": lambda: made("runs"),
    "a CSV without a column of files": lambda: made("convert s.csv", s_csv="a,b,c\n1,2,3\n"),
    "a CSV whose paths are absolute": lambda: made(
        "convert s.csv", s_csv="file,tags\n/home/me/a.png,cat\n/home/me/b.png,dog\n"
    ),
    "an Excel workbook": lambda: made("convert s.xlsx", s_xlsx=b"PK\x03\x04\x14\0\x06\0"),
    "a file of paths alone": lambda: made("convert s.txt", s_txt="a.png\nb.png\n"),
    "Parquet, cut short": lambda: made("convert s.parquet", s_parquet=b"PAR1" + bytes(30)),
    "JSON Lines with a broken line": lambda: made(
        "convert s.jsonl", s_jsonl='{"file": "a.png", "tags": ["cat"]}\n{broken\n'
    ),
    "COCO's JSON, cut short": lambda: made("convert s.json", s_json=json.dumps(COCO)[:-30]),
    "Label Studio: tasks that nobody has answered": lambda: made(
        "convert s.json", s_json='[{"id": 1, "data": {"image": "a.png"}, "annotations": []}]'
    ),
    "CVAT: a video": lambda: made(
        "convert s.xml", s_xml='<annotations><track id="0" label="cat"></track></annotations>'
    ),
    "Pascal VOC": lambda: made("convert s.xml", s_xml="<annotation><object/></annotation>"),
    "Ground Truth: the input of a labelling job": lambda: made(
        "convert s.manifest", s_manifest='{"source-ref": "s3://bucket/a.png"}\n'
    ),
    "Roboflow: COCO of one of its parts, cut short": lambda: [
        "convert",
        str(written(Path("train/_annotations.coco.json"), json.dumps(COCO)[:-30]).parent),
    ],
    "a folder of images alone": lambda: made("convert set", set__a_png=b"", set__b_png=b""),
    "a folder without images": lambda: made("convert set", set__notes_md="about"),
    "images with YOLO's text files beside them": lambda: made(
        "convert set", set__a_png=b"", set__a_txt=YOLO, set__b_png=b"", set__b_txt=YOLO
    ),
    "a list, to itself": lambda: made("convert s.lst", s_lst=LIST),
}


def test_every_row_of_the_page_is_made() -> None:
    assert list(ROWS) == list(CASES)


@pytest.mark.parametrize("given", CASES)
def test_it_says_what_the_page_says(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(places, "CLOUD_FILE", tmp_path / "none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = CliRunner().invoke(app, CASES[given]())
    assert done.exit_code == 1
    parts = map(re.escape, ROWS[given].split("…"))
    assert re.search(".*?".join(parts), done.stderr, re.DOTALL), done.stderr
