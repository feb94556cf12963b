"""Ratings files: what is read, what is refused and in which words; splits and what a run leaves."""

import gzip
import io
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from tagline.formats.document import decode
from tagline.formats.ratings import Histories, RatingVerdict
from tagline.formats.ratings_keys import partition_of
from tagline.formats.reasons import Reason, UnusableList
from tagline.formats.recommender_settings import Recommender
from tagline.formats.rows import Side
from tagline.formats.settings import Split
from tagline.ratings.channels import Written
from tagline.ratings.sides import Divided
from tagline.ratings.table import Table
from tagline.ratings.titles import read_titles

GOOD = "".join(f"u{n % 7},i{n % 11},{n % 5 + 1},{1_000_000_000 + n}\n" for n in range(70))


def verdicts(data: bytes | str, **wanted: Any) -> list[RatingVerdict]:
    table = Table(io.BytesIO(data.encode() if isinstance(data, str) else data))
    table.leave_out(replace(Recommender(), **wanted))
    return list(table.verdicts())


def rejected(data: bytes | str, **wanted: Any) -> list[tuple[int, Reason | None]]:
    found = verdicts(data, **wanted)
    return [(each.line, each.reason) for each in found if each.verdict == "rejected"]


def parsed(line: str) -> tuple[float, int]:
    table = Table(io.BytesIO(f"{line}\n".encode()))
    return table.rating[0], table.time[0]


@pytest.mark.parametrize(
    "data",
    [
        "a,x,4.5,1000000000\nb,y,1,1000000001\n",
        "\ufeffuser,item,rating,timestamp\r\na,x,4.5,1000000000\r\nb,y,1,1000000001",
        "timestamp,Rating,item_id,userId\n1000000000,4.5,x,a\n1000000001,1,y,b\n",
        "user_id:token,item_id:token,rating:float,timestamp:float\na,x,4.5,1000000000\nb,y,1,1000000001",
        "sep=;\r\nuser;item;rating;timestamp\r\na;x;4,5;1000000000\r\nb;y;1;1000000001\r\n",
        "a;x;4,5;1000000000\nb;y;1;1000000001\n",
        "a\tx\t4.5\t1000000000\nb\ty\t1\t1000000001\n",
        "a::x::4.5::1000000000\nb::y::1::1000000001\n",
        '"a","x","4.5","1000000000"\n b , y , 1 , 1000000001 \n\n\n',
        "a,x,4.5,2001-09-09T01:46:40Z\nb,y,1,1000000001000\n",
        gzip.compress(b"a,x,4.5,1000000000\nb,y,1,1000000001\n", mtime=0),
    ],
)
def test_every_form_of_the_same_ratings_is_read(data: bytes | str) -> None:
    table = Table(io.BytesIO(data.encode() if isinstance(data, str) else data))
    assert (list(table.users), list(table.items)) == (["a", "b"], ["x", "y"])
    assert list(table.rating) == [4.5, 1]
    assert list(table.time) == [1_000_000_000, 1_000_000_001]
    assert table.rows == 2


def test_a_rating_and_a_time_may_be_missing() -> None:
    assert parsed("a,x") == (1, -1)
    assert parsed("a,x,3") == (3, -1)
    assert parsed("a,x,1000000000") == (1, 1_000_000_000)
    assert parsed("a,x,2020-01-01") == (1, 1_577_836_800)
    assert parsed("a,x,3,") == (3, -1)


BROKEN_ROWS = {
    "x": (Reason.TOO_FEW_FIELDS, "1 fields where the file has 4 columns"),
    "a,x,3": (Reason.TOO_FEW_FIELDS, "3 fields"),
    "a,x,4,5,1000000000": (Reason.UNKNOWN_COLUMN, "a decimal comma? write 4.5"),
    ",x,3,1000000000": (Reason.BAD_USER, "the user is empty"),
    "a,  ,3,1000000000": (Reason.BAD_ITEM, "the item is empty"),
    f"{'u' * 257},x,3,1000000000": (Reason.BAD_USER, "longer than 256 bytes"),
    "a,x\x00y,3,1000000000": (Reason.BAD_ITEM, "control characters"),
    "a,x,good,1000000000": (Reason.BAD_RATING, "'good' is not a number; is the line a header"),
    "a,x,,1000000000": (Reason.BAD_RATING, "the rating is empty"),
    "a,x,nan,1000000000": (Reason.BAD_RATING, "is not between"),
    "a,x,inf,1000000000": (Reason.BAD_RATING, "is not between"),
    "a,x,1e9,1000000000": (Reason.BAD_RATING, "is not between"),
    "a,x,1_0,1000000000": (Reason.BAD_RATING, "is not a number"),
    "a,x,3,yesterday": (Reason.BAD_TIMESTAMP, "neither seconds since 1970 nor a date"),
    "a,x,3,-1": (Reason.BAD_TIMESTAMP, "before 1970"),
    "a,x,3,1e300": (Reason.BAD_TIMESTAMP, "neither seconds nor milliseconds"),
    "a,x,3,nan": (Reason.BAD_TIMESTAMP, "before 1970"),
    '"a,x,3,1000000000': (Reason.BAD_QUOTING, "not closed on its line"),
    '"a"b,x,3,1000000000': (Reason.BAD_QUOTING, "not closed on its line"),
}


@pytest.mark.parametrize(("row", "fault"), BROKEN_ROWS.items())
def test_a_broken_row_is_rejected_by_its_line_and_the_others_count(
    row: str, fault: tuple[Reason, str]
) -> None:
    found = verdicts(f"b,y,1,1000000001\n{row}\nc,z,2,1000000002\n")
    assert [each.verdict for each in found] == ["accepted", "rejected", "accepted"]
    assert (found[1].line, found[1].reason) == (2, fault[0])
    assert fault[1] in (found[1].detail or "")


def test_bytes_that_are_no_text_are_rejected() -> None:
    assert rejected(b"a,x,1\n\xff\xfe,y,1\n") == [(2, Reason.BAD_ENCODING)]
    long = b"a,x,1\n" + b"u" * (1 << 20) + b",y,1\nb,y,2\n"
    assert rejected(long) == [(2, Reason.LINE_TOO_LONG)]


BROKEN_FILES = {
    b"": "has no rows",
    b"\n \n": "has no rows",
    b"just words\n": "is one field: write user,item",
    "user,item\n1,2\n".encode("utf-16"): "UTF-16 text",
    b"PK\x03\x04rest": "an Excel workbook",
    b"PAR1....": "a Parquet file",
    b"\x1f\x8b\x08broken": "damaged",
    gzip.compress(GOOD.encode(), mtime=0)[:-9]: "ends early",
    b"user,rating\na,1\n": "no column item",
    b"userId,user,item\na,a,1\n": "names user 2 times",
    b"user,item\ra,x\rb,y\r": "lines end with CR alone",
}


@pytest.mark.parametrize(("data", "said"), BROKEN_FILES.items())
def test_a_file_that_is_none_of_ratings_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(UnusableList, match=said):
        Table(io.BytesIO(data))


def test_a_header_with_a_column_too_many_rejects_every_row_and_names_it() -> None:
    found = verdicts("user,item,rating,genre\na,x,1,drama\nb,y,2,crime\n")
    assert [each.reason for each in found] == [Reason.UNKNOWN_COLUMN] * 2
    assert "column 'genre' is not one of user, item" in (found[0].detail or "")
    assert "column 1 has no name" in (verdicts(",user,item\n0,a,x\n")[0].detail or "")


@pytest.mark.parametrize("header", ["user,item", "User Id,item,rating", "item,user,timestamp"])
def test_a_header_once_more_is_told_and_no_user(header: str) -> None:
    """Files that were put together have it within."""
    more = ",3" * (header.count(",") - 1)
    data = f"{header}\na,x{more}\n{header}\nb,y{more}\n"
    assert rejected(data) == [(3, Reason.HEADER_ROW)]


def test_of_a_pair_the_newest_counts_whatever_its_line() -> None:
    data = "a,x,1,1000000002\na,x,2,1000000003\na,x,3,1000000001\na,x,4,1000000003\n"
    found = verdicts(data)
    assert [each.verdict for each in found] == ["rejected"] * 3 + ["accepted"]
    assert {each.reason for each in found[:3]} == {Reason.DUPLICATE_PAIR}
    assert all(str(each.detail).startswith("line 4, which is newer") for each in found[:3])


def test_low_ratings_and_rare_users_and_items_are_left_out_until_none_is_left() -> None:
    # without y, which is rare, b has one rating, and without b x has two
    data = "a,x,5\nb,x,5\nb,y,5\nc,x,5\nc,z,5\na,z,5\nd,x,1\n"
    found = verdicts(data, minimum_rating=2, minimum_user_ratings=2, minimum_item_ratings=2)
    assert [(each.line, each.reason) for each in found if each.reason] == [
        (2, Reason.RARE_USER),
        (3, Reason.RARE_ITEM),
        (7, Reason.LOW_RATING),
    ]


def divided(data: str, **split: Any) -> tuple[Table, Divided]:
    table = Table(io.BytesIO(data.encode()))
    table.leave_out(Recommender())
    return table, Divided(table, Split(**split))


def test_the_newest_tenth_judges_and_the_tenth_before_it_chooses() -> None:
    lines = GOOD.splitlines(keepends=True)
    table, sides = divided("".join(reversed(lines)))
    assert (sides.train, sides.validation, sides.test) == (56, 7, 7)
    assert sides.by_time
    test = [table.time[row] for row in sides.order if table.side[row] == 2]
    assert min(test) > max(table.time[row] for row in sides.order if table.side[row] < 2)


def test_without_times_a_pair_stays_on_its_side_wherever_it_stands() -> None:
    pairs = [f"u{user},i{item}\n" for user in range(40) for item in range(25)]

    def sides(lines: list[str]) -> dict[tuple[str, str], Side]:
        table, found = divided("".join(lines))
        assert not found.by_time
        verdicts = table.verdicts()
        return {(str(each.user), str(each.item)): Side(str(each.split)) for each in verdicts}

    assert sides(pairs) == sides(pairs[::-1])
    counts = Counter(sides(pairs).values())
    assert 60 < counts[Side.TEST] < 140
    assert 60 < counts[Side.VALIDATION] < 140


def test_times_that_are_all_the_same_divide_nothing() -> None:
    """A file in order of users would have the last of them in the test, without a history."""
    table, found = divided("".join(f"u{n // 9},i{n % 9},1,{10**9}\n" for n in range(270)))
    assert not found.by_time
    assert len({table.user[row] for row in found.order if table.side[row] == 2}) > 9


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("a,x,1,1000000000\n", "1 ratings are too few to split: none is left for"),
        ("".join(f"u{n % 9},x,1,{10**9 + n // 9}\n" for n in range(50)), "are of one item"),
        ("".join(f"u{n},i{n % 9},1,{10**9 + n}\n" for n in range(50)), "5 users of the test have"),
    ],
)
def test_too_few_ratings_are_told(data: str, said: str) -> None:
    with pytest.raises(UnusableList, match=said):
        divided(data)


def test_channels_items_and_histories_hold_what_was_accepted() -> None:
    data = 'user,item,rating,timestamp\n"a,b",x,4.5,1000000009\na,x,1,900000000\n'
    data += "".join(f"c,i{n},2,{10**9 + n}\n" for n in range(20))
    table, sides = divided(data)
    written = Written(table, sides)
    test = io.BytesIO()
    written.write_side(Side.TRAIN, test)
    text = gzip.decompress(test.getvalue()).decode()
    assert text.startswith("user,item,rating,timestamp\n")
    assert text.splitlines()[1] == "a,x,1,900000000"
    assert '"a,b",x,4.5,1000000009' in text
    items = written.items_file({"x": 'the "x", really', "gone": "nobody"}).decode()
    assert items.startswith('item,title\nx,"the ""x"", really"\ni0,\n')
    assert (written.users, len(written.items), written.titled({"x": "t"})) == (3, 21, 1)
    [(number, body)] = written.histories()
    found = decode(gzip.decompress(body), Histories, "here").users
    assert number == partition_of("c", written.partitions) == 0
    assert found["a,b"] == ("x",)
    assert found["c"] == tuple(f"i{n}" for n in range(20))


def test_titles_are_read_with_and_without_a_header() -> None:
    assert read_titles(b'1,Toy Story\n2,"Crime, and\n punishment"\n3,\n') == {
        "1": "Toy Story",
        "2": "Crime, and punishment",
    }
    movies = "\ufeffmovieId;title;genres\r\n1;Toy Story;comedy\r\n".encode()
    assert read_titles(movies) == {"1": "Toy Story"}
    assert read_titles(b"item,title\nx,X\n") == {"x": "X"}
    assert read_titles(b"") == {}
    for data, said in [
        (b"only\n", "one field"),
        (b"\xff\xff,x\n", "not UTF-8"),
        (b"a,b\nc\n", "line 2"),
    ]:
        with pytest.raises(UnusableList, match=said):
            read_titles(data)
