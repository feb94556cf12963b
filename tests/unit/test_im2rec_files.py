"""im2rec on files: records, indexes, options, and rows that stay out by name."""

import io
import json
import os
import unicodedata
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image

from tests.unit.im2rec_files import decoded, im2rec, lines, picture, records, save

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Forty JPEGs and PNGs below tmp_path/images, and their list of three labels."""
    folder = tmp_path / "images"
    rows = []
    for number in range(40):
        name = f"{number % 4}/{number}.{'png' if number % 3 == 0 else 'jpg'}"
        save(folder / name, picture(number, (50 + 7 * number, 45 + 5 * (number % 9))))
        rows.append(f"{number}\t{number % 2}\t1\t0.5\t{name}\n")
    (tmp_path / "set.lst").write_text("".join(rows))
    return folder


def packed(root: Path, *options: object) -> bytes:
    done = im2rec(root.parent / "set", root, "--resize", 32, "--pack-label", *options)
    assert done.code == 0, done.err
    return (root.parent / "set.rec").read_bytes() + (root.parent / "set.idx").read_bytes()


def test_every_row_becomes_a_record_in_the_list_s_order(root: Path) -> None:
    data = packed(root)
    found = records(root.parent / "set.rec")
    assert [record.identifier for record in found] == list(range(40))
    assert [record.labels for record in found] == [(n % 2, 1.0, 0.5) for n in range(40)]
    for number, record in enumerate(found):
        pixels = decoded(record)
        assert min(pixels.shape[:2]) == 32
        side = (50 + 7 * number, 45 + 5 * (number % 9))
        assert pixels.shape[1] == (32 if side[0] <= side[1] else side[0] * 32 // side[1])
        full = picture(number, side).resize(pixels.shape[1::-1], Image.Resampling.BOX)
        assert np.abs(pixels.astype(int) - np.asarray(full)).mean() < 8
    for identifier, offset in lines(root.parent / "set.idx"):
        assert data[int(offset) :][:4] == b"\x0a\x23\xd7\xce"
        assert int.from_bytes(data[int(offset) + 16 :][:8], "little") == int(identifier)


def test_the_bytes_do_not_depend_on_the_workers(root: Path) -> None:
    assert packed(root) == packed(root, "--num-thread", 3)


def test_center_crop_and_size_of_the_file(root: Path) -> None:
    packed(root, "--center-crop")
    assert {decoded(record).shape for record in records(root.parent / "set.rec")} == {(32, 32, 3)}
    packed(root, "--center-crop", "--resize", 0)
    assert decoded(records(root.parent / "set.rec")[0]).shape == (45, 45, 3)
    packed(root, "--resize", 0)
    assert decoded(records(root.parent / "set.rec")[1]).shape == (50, 57, 3)


def test_grey_png_and_quality(root: Path) -> None:
    packed(root, "--color", 0)
    assert decoded(records(root.parent / "set.rec")[0]).ndim == 2
    packed(root, "--encoding", ".png", "--quality", 3)
    assert records(root.parent / "set.rec")[0].image.startswith(b"\x89PNG")
    small, large = packed(root, "--quality", 20), packed(root, "--quality", 100)
    assert len(small) < len(large) / 2


def test_transparency_lies_on_the_background_or_is_kept(tmp_path: Path) -> None:
    save(tmp_path / "images/a.png", Image.new("RGBA", (40, 40), (0, 0, 0, 0)))
    (tmp_path / "set.lst").write_text("7\t1\ta.png\n")
    for background, colour in (("#ffffff", [255] * 3), ("#ff0000", [254, 0, 0])):
        options = ("--background", background)
        assert im2rec(tmp_path / "set", tmp_path / "images", *options).code == 0
        assert decoded(records(tmp_path / "set.rec")[0])[0, 0].tolist() == colour
    kept = ("--color", -1, "--encoding", ".png", "--quality", 9)
    assert im2rec(tmp_path / "set", tmp_path / "images", *kept).code == 0
    assert decoded(records(tmp_path / "set.rec")[0])[0, 0].tolist() == [0, 0, 0, 0]


def test_a_picture_lying_on_its_side_is_turned_before_it_is_measured(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "images/a.jpg", picture(1, (80, 40)), exif=exif)
    (tmp_path / "set.lst").write_text("7\t1\ta.jpg\n")
    assert im2rec(tmp_path / "set", tmp_path / "images", "--resize", 20).code == 0
    assert decoded(records(tmp_path / "set.rec")[0]).shape == (40, 20, 3)


def test_pass_through_keeps_bytes_and_refuses_what_is_no_image(root: Path) -> None:
    (root / "0/4.jpg").write_bytes(b"<html></html>")
    whole = (root / "1/1.jpg").read_bytes()
    (root / "1/5.jpg").write_bytes(whole[: len(whole) // 2])
    done = im2rec(root.parent / "set", root, "--pass-through", "--pack-label")
    assert done.code == 1
    found = {record.identifier: record for record in records(root.parent / "set.rec")}
    assert found.keys() == set(range(40)) - {4, 5}
    assert found[1].image == whole


def test_pass_through_encodes_what_mxnet_s_reader_would_not_read(tmp_path: Path) -> None:
    """Of WebP, MXNet's OpenCV makes nothing; inks and 16 bits come out as the decoder pleases."""
    wide = Image.fromarray(np.full((40, 60), 40_000, np.uint16))
    save(tmp_path / "images/a.webp", picture(1), lossless=True)
    save(tmp_path / "images/b.jpg", picture(1).convert("CMYK"))
    save(tmp_path / "images/c.png", wide)
    save(tmp_path / "images/d.png", picture(1))
    save(tmp_path / "images/e.jpg", picture(1))
    names = ("a.webp", "b.jpg", "c.png", "d.png", "e.jpg")
    rows = "".join(f"{n}\t1\t{name}\n" for n, name in enumerate(names))
    (tmp_path / "set.lst").write_text(rows)
    done = im2rec(tmp_path / "set", tmp_path / "images", "--pass-through", "--resize", 20)
    assert done.code == 0, done.err
    assert "3 x MXNet's reader would not have the file's colours" in done.out
    found = [record.image for record in records(tmp_path / "set.rec")]
    assert [image[:3] == b"\xff\xd8\xff" for image in found] == [True, True, True, False, True]
    for name, image in list(zip(names, found, strict=True))[3:]:
        assert image == (tmp_path / "images" / name).read_bytes()
    seen = [decoded(record) for record in records(tmp_path / "set.rec")[:3]]
    assert [pixels.shape for pixels in seen] == [(40, 60, 3)] * 3  # in the file's own size
    assert np.abs(seen[0].astype(int) - np.asarray(picture(1))).mean() < 4
    assert np.abs(seen[2].astype(int) - 156).max() <= 2


@pytest.mark.parametrize("options", [(), ("--color", -1, "--encoding", ".png", "--quality", 3)])
def test_pictures_that_say_little_are_counted(tmp_path: Path, options: tuple[object, ...]) -> None:
    white = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
    save(tmp_path / "images/nothing.png", white)
    white.paste((255, 255, 255, 255), (5, 5, 30, 30))
    save(tmp_path / "images/white.png", white)
    save(tmp_path / "images/picture.png", picture(1))
    names = ("nothing", "white", "picture")
    (tmp_path / "set.lst").write_text(
        "".join(f"{n}\t1\t{name}.png\n" for n, name in enumerate(names))
    )
    done = im2rec(tmp_path / "set", tmp_path / "images", *options)
    assert done.code == 0, done.err
    assert "1 x the picture is transparent all over" in done.out
    assert ("1 x the picture is one colour on its background" in done.out) == (not options)


def test_without_pack_label_the_first_label_stays_and_the_loss_is_said(root: Path) -> None:
    done = im2rec(root.parent / "set", root, "--resize", 32)
    assert done.code == 0
    assert "3 labels and only the first is packed" in done.err
    found = records(root.parent / "set.rec")
    assert [record.labels for record in found[:3]] == [(0.0,), (1.0,), (0.0,)]


BAD_ROWS = {
    "1,1,0,a.png": "wrong_label_count",
    "x\t1\ta.png": "bad_id",
    "-1\t1\ta.png": "bad_id",
    "18446744073709551616\t1\ta.png": "bad_id",
    "1\t1\ta.png": None,
    "1\t0\tb.png": "duplicate_id",
    "2\tone\ta.png": "bad_label",
    "3\tnan\ta.png": "bad_label",
    "4\t1e39\ta.png": "bad_label",
    "5\t1\t0\ta.png": "wrong_label_count",
    "6\t1\t../a.png": "bad_path",
    "7\t1\t/etc/hostname": "missing_object",
    "8\t1\tmissing.png": "missing_object",
    "9\t1\tempty.png": "empty_object",
    "10\t1\tcut.png": "undecodable_image",
    "11\t1\ttext.png": "unsupported_image",
    "12\t1\tfolder": "unsupported_image",
    "13\t1\tpipe": "unsupported_image",
    " 14 \t 1 \t b.png ": None,
    "\t16\t1\ta.png\t": None,
    "15\t1\tlong.png": "too_many_pixels",
}


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    for name in "ab":
        save(images / f"{name}.png", picture(1))
    whole = (images / "a.png").read_bytes()
    (images / "empty.png").touch()
    (images / "cut.png").write_bytes(whole[:-30])
    (images / "text.png").write_text("hello")
    (images / "folder").mkdir()
    os.mkfifo(images / "pipe")
    save(images / "long.png", picture(1, (3000, 1)))
    (tmp_path / "set.lst").write_bytes("\n".join(BAD_ROWS).encode() + b"\n\xff\t1\ta.png\n")
    return images


@pytest.mark.parametrize("threads", [1, 2])
def test_each_row_that_stays_out_is_named_with_line_and_reason(bad: Path, threads: int) -> None:
    options = ("--resize", 32, "--num-thread", threads)
    done = im2rec(bad.parent / "set", bad, *options)
    assert done.code == 1
    expected = {n: why for n, why in enumerate(BAD_ROWS.values(), 1) if why}
    expected[len(BAD_ROWS) + 1] = "bad_encoding"
    text = (bad.parent / "set.rejects.jsonl").read_text()
    rejects = [json.loads(line) for line in text.splitlines()]
    assert {reject["line"]: reject["reason"] for reject in rejects} == expected
    assert [reject["line"] for reject in rejects] == sorted(expected)
    for line, reason in expected.items():
        assert f"set.lst, line {line}: {reason}: " in done.err
    assert [record.identifier for record in records(bad.parent / "set.rec")] == [1, 14, 16]
    assert f"3 of {len(BAD_ROWS) + 1} rows, {len(expected)} rejected" in done.out


BLUETE = "images/Blüte.jpg"
MEANT = {
    "./images/a.jpg": "",
    "images//a.jpg": "",
    "/images/a.jpg": "",
    unicodedata.normalize("NFC", BLUETE): "",
    unicodedata.normalize("NFD", BLUETE): "",
    "images\\a.jpg": "the file images/a.jpg, which differs by backslashes, exists",
    "images/a%2ejpg": "the file images/a.jpg, which differs by %-encoding, exists",
    "images%5cBl%C3%BCte.jpg": ", exists",
    "images/a.JPG": "which differs by the letter case of its ending, exists",
    "images/b.jpg": "there is no such file",
    "images/a.jpg/b.jpg": "there is no such file",
    "images/../images/a.jpg": "the key holds '..'",
    "images/": "the path names no file",
    "s3://bucket/images/a.jpg": "files below ROOT are packed",
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_paths_lead_where_those_of_a_run_lead(tmp_path: Path, form: Literal["NFC", "NFD"]) -> None:
    for name in ("images/a.jpg", BLUETE):
        save(tmp_path / "root" / unicodedata.normalize(form, name), picture(1))
    rows = [*MEANT, str(tmp_path / "root/images/a.jpg")]
    lines = "".join(f"{number}\t1\t{path}\n" for number, path in enumerate(rows, 1))
    (tmp_path / "set.lst").write_text(lines)
    assert im2rec(tmp_path / "set", tmp_path / "root").code == 1
    found = {record.identifier for record in records(tmp_path / "set.rec")}
    assert found == {1, 2, 3, 4, 5, len(rows)}
    text = (tmp_path / "set.rejects.jsonl").read_text()
    said = {row["path"]: row["detail"] for row in map(json.loads, text.splitlines())}
    for path, detail in MEANT.items():
        assert said.get(path, "").endswith(detail), said


def test_a_tolerance_decides_about_the_exit_code(bad: Path) -> None:
    options = ("--resize", 32, "--tolerance")
    assert im2rec(bad.parent / "set", bad, *options, 0.95).code == 0
    assert im2rec(bad.parent / "set", bad, *options, 0.5).code == 1


def test_rejects_of_an_earlier_time_do_not_stay(root: Path) -> None:
    (root / "0/4.jpg").rename(root / "away.jpg")
    assert im2rec(root.parent / "set", root, "--pack-label").code == 1
    assert (root.parent / "set.rejects.jsonl").is_file()
    (root / "away.jpg").rename(root / "0/4.jpg")
    assert im2rec(root.parent / "set", root, "--pack-label").code == 0
    assert not (root.parent / "set.rejects.jsonl").exists()


def test_nothing_to_pack_leaves_the_old_record_file(root: Path) -> None:
    before = packed(root)
    (root.parent / "set.lst").write_text("1,2,a.png\n")
    done = im2rec(root.parent / "set", root)
    assert done.code == 1
    assert "none of 1 rows can be packed" in done.err
    assert packed_bytes(root) == before
    assert not list(root.parent.glob("*.part"))


def packed_bytes(root: Path) -> bytes:
    return (root.parent / "set.rec").read_bytes() + (root.parent / "set.idx").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        ("--num-thread", -1),
        ("--quality", 101),
        ("--resize", -1),
        ("--train-ratio", 0.9, "--test-ratio", 0.2),
        ("--background", "white"),
        ("--color", 2),
        ("--unknown",),
    ],
)
def test_wrong_usage_ends_with_2(root: Path, options: tuple[object, ...]) -> None:
    assert im2rec(root.parent / "set", root, *options).code == 2


def test_a_missing_list_and_a_missing_folder_are_said(root: Path) -> None:
    assert "--list makes one" in im2rec(root.parent / "other", root).err
    assert im2rec(root.parent / "set", root / "nowhere").code == 2


def test_a_profile_is_converted_as_in_the_flow(tmp_path: Path) -> None:
    from tests.unit.test_imaging_colour import SWAPPED

    stream = io.BytesIO()
    Image.new("RGB", (40, 40), (220, 100, 40)).save(stream, "PNG", icc_profile=SWAPPED)
    (tmp_path / "a.png").write_bytes(stream.getvalue())
    (tmp_path / "set.lst").write_text("7\t1\ta.png\n")
    assert im2rec(tmp_path / "set", tmp_path).code == 0
    found = decoded(records(tmp_path / "set.rec")[0])[20, 20].astype(int)
    assert np.abs(found - (40, 100, 220)).max() <= 6


HOSTILE = "\x1b]0;mine\x07\x1b[2J\x9b31m\u202egnp.a\u2066\u061c\u2028"


def harmless(text: str) -> bool:
    return not set(text) & (set(HOSTILE) - set("]0;mine[2J31mgnp.a"))


@pytest.mark.parametrize("option", ["row", "root", "list"])
def test_no_name_moves_the_terminal(tmp_path: Path, option: str) -> None:
    folder = tmp_path / HOSTILE
    save(folder / "a.png", picture(1))
    prefix = tmp_path / "set"
    if option == "list":
        done = im2rec("--list", "--recursive", prefix, tmp_path)
        assert "is left out" in done.err
    elif option == "row":
        (tmp_path / "set.lst").write_text(f"1\t1\t{HOSTILE}/b.png\n2\t{HOSTILE}\ta.png\n")
        done = im2rec(prefix, tmp_path)
        assert "bad_path" in done.err
    else:
        (folder / "set.lst").write_text("1\t1\tno.png\n2\t1\ta.png\n")
        done = im2rec(folder / "set", folder)
        assert "1 of 2 rows" in done.out
        assert harmless(im2rec(folder / "none", folder).err)
    assert "\\x1b]0;mine" in done.out + done.err
    assert harmless(done.out + done.err)
