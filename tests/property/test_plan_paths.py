"""A plan on tables is, byte for byte, the plan in memory: of lists of all kinds of trouble."""

import gzip
import random
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from im2rec.plan.contents import Contents, packed
from im2rec.plan.sides import SIDES, UNKNOWN
from im2rec.plan.sides import assign_sides as sides_on_arrays
from im2rec.plan.sides import assign_strata as strata_on_arrays
from im2rec.plan.store import Stored
from tagline.formats.document import decode, encode, encode_record
from tagline.formats.image_index import PACKING
from tagline.formats.packed import PackedDataset
from tagline.formats.plan import Plan
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.rows import Reject, Side
from tagline.formats.split import Shares
from tagline.formats.steps import PlanAnswer
from tagline.listing.rows import MAX_ID
from tagline.planning import inventory
from tagline.planning.held import Held
from tagline.planning.plan import plan_dataset
from tagline.planning.store import Store
from tagline.settings import InvalidSettings
from tagline.split.sides import assign_sides
from tagline.split.strata import assign_strata
from tests.unit.ingest_world import BUCKET, World, world

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
IMAGES = 24
Objects = Mapping[str, bytes]


def accents(number: int, form: str) -> str:
    return unicodedata.normalize(form, f"\u00e9t\u00e9{number}.png")  # type: ignore[arg-type]


def images(demo: World) -> None:
    """Put images into the source: small, large, empty, archived, alike, and oddly named ones."""
    for number in range(IMAGES):
        demo.image(f"{number}.png", b"picture %d" % number)
        demo.image(f"twin{number}.png", b"picture %d" % number)
        demo.image(accents(number, "NFD" if number % 2 else "NFC"), b"accent %d" % number)
    for number, name in enumerate(FAR):
        demo.image(name, b"far %d" % number)
    demo.image("Upper.PNG", b"upper")
    demo.image("empty.png", b"")
    demo.image("large.png", b"large" * 20)
    key = "demo/images/archived.png"
    demo.s3.put_object(Bucket=BUCKET, Key=key, Body=b"cold", StorageClass="GLACIER")
    demo.s3.put_object(Bucket="pictures", Key="art/1.png", Body=b"elsewhere")


FAR = ["\ue000.png", "\uff5e.png", "\U0001f600.png"]  # UTF-8 has another order than UTF-16
FAULTY = [
    *("images/empty.png", "images/large.png", "images/archived.png", "images/gone.png"),
    *("images/upper.png", "./images/3.png", "images//4.png", "/images/5.png", "images/"),
    *("s3://pictures/art/1.png", "s3://pictures/art/2.png", "s3://absent/1.png"),
    *(
        "s3://forbidden/1.png",
        "ftp://x/1.png",
        "",
        "a\x07b.png",
        "s3://data/demo/images/6.png",
    ),
]
PATHS = st.one_of(
    st.integers(0, IMAGES - 1).map(lambda number: f"images/{number}.png"),
    st.integers(0, IMAGES - 1).map(lambda number: f"images/twin{number}.png"),
    st.builds(
        lambda number, form: f"images/{accents(number, form)}",
        st.integers(0, IMAGES - 1),
        st.sampled_from(["NFC", "NFD"]),
    ),
    st.sampled_from(FAULTY),
    st.sampled_from(FAR).map(lambda name: f"images/{name}"),
)
ODD = st.sampled_from(
    [
        *(b"", b"  ", b"no row", b"7\timages/1.png", b"x\t0\t1\t0\timages/1.png"),
        *(b"8\t0\t1\timages/1.png", b"9\t0\t2\t0\timages/1.png"),
        *(b"5\t0\t1\t0\timages/\xff.png", b"99999999999999999999999\t1\t0\t0\ta"),
    ]
)
LABELS = st.sampled_from([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1)])


@st.composite
def lists(draw: st.DrawFn, form: str) -> bytes:
    """Draw a list: `tabs`, `commas` or `classes` between its labels."""
    chosen = draw(st.lists(st.tuples(PATHS, LABELS), min_size=3, max_size=40))
    rows = [(f"images/{number}.png", LABEL[number % 3]) for number in range(IMAGES)]
    rows = draw(st.permutations(rows + chosen))
    ids = iter(draw(st.lists(st.integers(0, 60), min_size=len(rows), max_size=len(rows))))
    lines, top = [], draw(st.sampled_from([2000, MAX_ID]))
    for number, (path, labels) in enumerate(rows):
        ident = next(ids) if draw(st.booleans()) else top - number
        if form == "classes":
            column = str(labels.index(1) if 1 in labels else 9)
        else:
            column = ("," if form == "commas" else "\t").join(map(str, labels))
        lines.append(f"{ident}\t{column}\t{path}".encode())
    for odd in draw(st.lists(ODD, max_size=4)):
        lines.insert(draw(st.integers(2, len(lines))), odd)
    if draw(st.booleans()):
        lines.insert(0, b"id\tlabels\tpath")
    data = draw(st.sampled_from([b"\n", b"\r\n"])).join(lines)
    return gzip.compress(data, mtime=0) if draw(st.booleans()) else data


LABEL = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
CONFIG = st.builds(
    lambda conflict, test, task, seed: (
        f"on_conflict: {conflict}\ntask: {task}\ntolerance: {{rejected: 0.95}}\n"
        f"split: {{validation: 0.2, test: {test}, seed: {seed}}}\n"
    ).encode(),
    st.sampled_from(["first_wins", "last_wins"]),
    st.sampled_from([0, 0.1, 0.3]),
    st.sampled_from(["auto", "multi", "single"]),
    st.integers(0, 3),
)


def objects(client: "S3Client") -> dict[str, bytes]:
    """Return what the data bucket holds, images apart."""
    found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    keys = [item["Key"] for item in found if not item["Key"].startswith("demo/images/")]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def restore(client: "S3Client", before: Objects) -> None:
    for key in objects(client):
        if key not in before:
            client.delete_object(Bucket=BUCKET, Key=key)
    for key, content in before.items():
        if "/lists/" not in key:
            client.put_object(Bucket=BUCKET, Key=key, Body=content)


def planned(demo: World, store: Store) -> tuple[PlanAnswer | str, Objects]:
    """Return how a plan ended, and what the bucket holds then."""
    try:
        answer: PlanAnswer | str = plan_dataset(demo.event, demo.s3, {"pictures", "absent"}, store)
    except (UnusableList, InvalidSettings) as exc:
        answer = f"{type(exc).__name__}: {exc}"
    return answer, objects(demo.s3)


def plan_both_ways(demo: World, data: bytes) -> PlanAnswer | str:
    """Plan a list in memory and on tables, hold both against each other, return the answer."""
    demo.drop(data)
    before = objects(demo.s3)
    held = planned(demo, Held())
    restore(demo.s3, before)
    with TemporaryDirectory() as folder:
        store = Stored(Path(folder))
        stored = planned(demo, store)
        store.close()
    assert stored[0] == held[0]
    assert stored[1].keys() == held[1].keys()
    for key, content in held[1].items():
        assert stored[1][key] == content, key
    return held[0]


def pack(demo: World, lost: int) -> None:
    """Leave what a run leaves that packed the plan, of whose images one was of no use."""
    plan = decode(demo.read("plan.json"), Plan, "plan.json")
    run = f"demo/runs/{plan.run}"
    row = demo.lines("images.jsonl")[lost % plan.accepted]
    reject = Reject(
        line=row["line"], id=row["id"], path="", reason=list(Reason)[-1], detail="broken"
    )
    demo.put(f"{run}/rejects.jsonl", demo.read("plan-rejects.jsonl") + encode_record(reject))
    golden = decode((GOLDEN / "dataset.json").read_bytes(), PackedDataset, "dataset.json")
    packed_set = msgspec.structs.replace(
        golden,
        run=plan.run,
        packing=PACKING,
        image=plan.settings.image.on("#ffffff"),
        bytes=msgspec.structs.replace(golden.bytes, train=5, validation=4, test=0),
    )
    demo.put(f"{run}/dataset.json", encode(packed_set))
    demo.put(f"{run}/training/train.rec", b"train")
    demo.put(f"{run}/validation/val.rec", b"vals")
    demo.put("demo/packed.json", b'{"run": "%b"}' % plan.run.encode())


@given(data=st.data(), config=CONFIG, form=st.sampled_from(["tabs", "commas", "classes"]))
@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate])
def check(demo: World, data: st.DataObject, config: bytes, form: str) -> None:
    restore(demo.s3, {})
    demo.put("demo/dataset.yaml", config)
    if data.draw(st.booleans()):
        demo.put("demo/labels.txt", b"cat\ndog\nbird\n")
    answer = plan_both_ways(demo, data.draw(lists(form)))
    if isinstance(answer, PlanAnswer):
        pack(demo, data.draw(st.integers(0, 100)))
        plan_both_ways(demo, data.draw(lists(form)))


def test_a_plan_on_tables_is_the_plan_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MAX_OBJECT_BYTES", 60)
    with world(monkeypatch) as demo:
        images(demo)
        check(demo)


@given(
    st.integers(0, 2**32),
    st.sampled_from([Shares(0.1, 0.1), Shares(0.2, 0), Shares(0.3, 0.2), Shares(0.15, 0.05)]),
    st.booleans(),
    st.sampled_from([0, 0.3, 1]),
)
@settings(deadline=None)
def test_sides_on_arrays_are_those_of_the_rules(
    seed: int,
    shares: Shares,
    single: bool,
    known: float,
) -> None:
    chance = random.Random(seed)
    count, labels = chance.randint(2, 300), chance.randint(1, 20)
    hashes = [chance.getrandbits(64) for _ in range(count)]
    hashes += [chance.choice(hashes) for _ in range(count // 10)]
    share = chance.choice([0.02, 0.1, 0.4])
    rows = [
        bytes(ord("0") + (label == one if single else chance.random() < share)
              for label in range(labels))
        for one in (chance.randrange(labels) for _ in hashes)
    ]  # fmt: skip
    sides = list(Side)[: chance.choice([2, 3])]
    earlier = {at: chance.choice(sides) for at in {*hashes} if chance.random() < known}
    earlier[chance.getrandbits(64)] = chance.choice(sides)
    contents = Contents.of(
        sorted((at, packed(row)) for at, row in zip(hashes, rows, strict=True)), labels
    )
    codes = {side: code for code, side in SIDES.items()}
    before = np.array(
        [codes[earlier[at]] if at in earlier else UNKNOWN for at in contents.hashes.tolist()],
        np.uint8,
    )
    rule, on_arrays = (
        (assign_strata, strata_on_arrays) if single else (assign_sides, sides_on_arrays)
    )
    found = on_arrays(contents, shares, before, Side.TEST in earlier.values())
    assert {
        at: SIDES[code] for at, code in zip(contents.hashes.tolist(), found.tolist(), strict=True)
    } == rule(hashes, rows, shares, earlier)


def test_of_each_kind_of_trouble_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the property is about does come up: rejects of all kinds, respelt keys, reuse."""
    monkeypatch.setattr(inventory, "MAX_OBJECT_BYTES", 60)
    good = [(f"images/{number}.png", LABEL[number % 3]) for number in range(IMAGES)]
    good += [(f"images/{name}", LABEL[0]) for name in FAR]
    respelt = [(f"images/{accents(n, 'NFC')}", (1, 0, 0)) for n in (1, 3)]
    respelt += [
        (f"images/{accents(1, 'NFD')}", (1, 0, 0)),
        (f"./images//{accents(1, 'NFC')}", (0, 1, 0)),
    ]
    faulty = [(path, (0, 1, 0)) for path in FAULTY]
    again = [
        ("images/1.png", (1, 1, 1)),
        ("images/2.png", LABEL[2]),
        ("images/twin3.png", (0, 0, 1)),
    ]
    rows = [*good, *respelt, *faulty, *again]
    lines = [
        b"%d\t%d\t%d\t%d\t%b" % (number or MAX_ID, *labels, path.encode())
        for number, (path, labels) in enumerate(rows)
    ]
    lines += [
        b"3\t0\t1\t0\timages/twin5.png",
        b"x\t0\t1\t0\timages/7.png",
        b"no row",
        b"999\t0\t2\t0\timages/twin6.png",
    ]
    with world(monkeypatch) as demo:
        images(demo)
        demo.put("demo/dataset.yaml", b"tolerance: {rejected: 0.9}\n")
        plan_both_ways(demo, b"\n".join(lines))
        plan = decode(demo.read("plan.json"), Plan, "plan.json")
        assert set(plan.reasons) >= {
            *(Reason.DUPLICATE_ID, Reason.DUPLICATE_PATH, Reason.CONFLICTING_LABELS),
            *(Reason.MISSING_OBJECT, Reason.EMPTY_OBJECT, Reason.OBJECT_TOO_LARGE),
            *(Reason.ARCHIVED_OBJECT, Reason.NOT_ALLOWED_BUCKET, Reason.BAD_PATH),
            *(Reason.BAD_LABEL, Reason.BAD_ID),
        }
        assert plan.copies
        assert plan.contradicting
        assert f"demo/images/{accents(3, 'NFD')}" in {row["key"] for row in shard(demo)}
        pack(demo, 5)
        answer = plan_both_ways(demo, b"\n".join(lines[4:]) + b"\n77\t1\t0\t0\timages/twin9.png")
        assert isinstance(answer, PlanAnswer)
        assert answer.accepted - 4 < answer.reused < answer.accepted  # new ones, one of no use
        changes = decode(demo.read("plan.json"), Plan, "plan.json").changes
        assert changes is not None
        assert changes.new
        assert changes.gone


def shard(demo: World) -> list[dict[str, Any]]:
    return demo.lines("shards/00000.jsonl")
