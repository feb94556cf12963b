"""What becomes of a row by its object: found, missing, of no use, or another row's."""

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from tagline.aws.s3 import Bucket
from tagline.formats.locations import Location
from tagline.formats.reasons import Reason
from tagline.listing.list_file import same_image
from tagline.listing.rows import Row
from tagline.listing.sources import Source
from tagline.planning.inventory import Found, Unlistable, take_inventory
from tagline.planning.respelling import Meant
from tagline.settings import InvalidSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def repeats(first: Row, row: Row) -> tuple[Reason, str] | None:
    """Return why a row stays out whose image another row has, spelt otherwise."""
    if first.line == row.line:
        return None
    return same_image(first.line, same=first.labels == row.labels)


def fault(
    row: Row, there: Found | Unlistable | None, instead: Meant | None
) -> tuple[Reason, str] | None:
    """Return why a row stays out: its object is missing, of no use, or nobody may look."""
    if there is None:
        hint = f"; {instead.detail}" if instead else ""
        return Reason.MISSING_OBJECT, f"there is no s3://{row.bucket}/{row.key}{hint}"
    if isinstance(there, Unlistable):
        return there.reason, there.detail
    return there.fault()


def find(
    places: Collection[Location], client: "S3Client", source: Source
) -> dict[tuple[str, str], Found | Unlistable]:
    """Return what there is of some objects; Unlistable for those whose prefix cannot be listed.

    Raises InvalidSettings where that is the dataset's own source.
    """
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places:
        wanted[place.bucket, source.scope(place)].append(place.key)
    found: dict[tuple[str, str], Found | Unlistable] = {}
    for (bucket, prefix), keys in sorted(wanted.items()):
        keys.sort()  # by code point, which is S3's UTF-8 order
        try:
            there_are = take_inventory(Bucket(client, bucket), prefix, keys)
        except Unlistable as exc:
            check_home(source, bucket, prefix, exc)
            found.update(((bucket, key), exc) for key in keys)
        else:
            found.update(((bucket, key), there) for key, there in there_are.items())
    return found


def check_home(source: Source, bucket: str, prefix: str, exc: Unlistable) -> None:
    """Raise InvalidSettings where a prefix that cannot be listed is the dataset's own source."""
    if (bucket, prefix) == source.home:
        raise InvalidSettings(exc.detail) from exc
