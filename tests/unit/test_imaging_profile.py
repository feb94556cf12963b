"""Which embedded ICC profiles change colours."""

import struct

import pytest

from tagline.imaging import ImageError
from tagline.imaging.headers.profile import MAX_BYTES, Profile, useful_profile
from tests.unit.test_imaging_colour import BLUE, GREEN, RED, SWAPPED, fixed, made, named

OTHER = (b"desc", named(b"Adobe RGB"))
# ICC's parametric curve of type 3: g, a, b, c, d
CURVE = struct.pack(">4sIHH", b"para", 0, 3, 0) + b"".join(
    fixed(value) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
)
PRIMARIES = ((b"rXYZ", RED), (b"gXYZ", GREEN), (b"bXYZ", BLUE))
SRGB = (*PRIMARIES, *((name, CURVE) for name in (b"rTRC", b"gTRC", b"bTRC")))


def used(profile: bytes, space: str = "rgb") -> bool:
    found = useful_profile(profile, space)
    assert found in {None, Profile(space, profile)}
    return found is not None


@pytest.mark.parametrize(
    ("signature", "space"), [(b"RGB ", "rgb"), (b"GRAY", "grey"), (b"CMYK", "cmyk")]
)
def test_a_profile_counts_for_images_of_its_space(signature: bytes, space: str) -> None:
    profile = made(signature, OTHER)
    assert [other for other in ("rgb", "grey", "cmyk") if used(profile, other)] == [space]


@pytest.mark.parametrize(("before", "useful"), [(0, False), (94, False), (95, True)])
def test_a_hundred_tags_are_looked_at(before: int, *, useful: bool) -> None:
    assert used(made(b"RGB ", *[(b"none", b"")] * before, *SRGB)) is useful


@pytest.mark.parametrize("missing", range(6))
def test_srgb_has_all_of_its_primaries_and_curves(missing: int) -> None:
    assert used(made(b"RGB ", *SRGB[:missing], *SRGB[missing + 1 :]))


@pytest.mark.parametrize("table", [b"A2B0", b"A2B1", b"D2B0"])
def test_tables_count_for_more_than_primaries(table: bytes) -> None:
    assert used(made(b"RGB ", *SRGB, (table, b"")))
    assert not used(made(b"RGB ", *SRGB, (b"B2A0", b"")))


def test_a_table_that_ends_early_tells_of_no_primaries() -> None:
    whole = made(b"RGB ", *SRGB)
    assert used(whole[: 128 + 4 + 12 * 5 + 11])
    assert used(whole[:131])


@pytest.mark.parametrize("end", [0, 40, 128])
def test_a_profile_that_is_no_more_than_a_header_is_none(end: int) -> None:
    assert used(SWAPPED[: end + 1]) is (end == 128)
    assert not used(SWAPPED[:end])


def test_a_profile_without_its_signature_is_none() -> None:
    assert not used(SWAPPED.replace(b"acsp", b"acsq"))


def test_a_profile_may_have_four_mebibytes() -> None:
    assert MAX_BYTES == 4 * 1024 * 1024
    assert used(SWAPPED.ljust(MAX_BYTES))
    with pytest.raises(ImageError, match="the ICC profile has more than 4194304 bytes") as caught:
        useful_profile(SWAPPED.ljust(MAX_BYTES + 1), "rgb")
    assert caught.value.reason == "unsupported_image"
