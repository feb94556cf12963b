"""docs/reasons.md: why rows are rejected and how runs end, with what to do about it."""

from collections.abc import Iterable
from enum import StrEnum

from tagline.formats.batches import BatchOutcome
from tagline.formats.outcomes import Outcome
from tagline.formats.reasons import MEANING, Reason

_HEAD = """\
# Reasons and outcomes

This page is made by `make docs` from the codes in `tagline/formats`.

## Why a row is rejected
Every row of a list ends as accepted or rejected: accepted + rejected = rows, always. `tagline check
LIST` tells before you upload, `tagline show RUN --rejects` after; `rejects.jsonl` of a run has
line, code and detail. Codes are stable: programs may compare them. A run fails as a whole only
where more than `tolerance.rejected` of the rows are ([settings](settings.md#tolerance)).
"""
_ENDS = """\
## How a run ends
`status.json` has `outcome`, the `state` that decided it, and `reason`, a sentence that says what,
where and what to do; `tagline show RUN`, the page and the alerts show them. Whatever a run ends as,
a champion that serves goes on serving until another one is proven better.
"""
_BATCHES = """\
## How a batch ends
`status.json` of a [batch](tagging.md#a-list-of-images-in-the-cloud-batches) says it.
"""
_TO_DO = {
    Reason.HEADER_ROW: "delete the line; or give a whole table of images to `tagline convert`",
    Reason.LINE_TOO_LONG: "look for a missing line break there",
    Reason.BAD_ENCODING: "save the list as UTF-8; `tagline convert --encoding cp1252` reads others",
    Reason.BAD_ID: "number the rows anew; `tagline convert LIST` makes ids of the paths",
    Reason.DUPLICATE_ID: "delete one of the rows, or number anew; `on_conflict` says which counts",
    Reason.WRONG_LABEL_COUNT: "look for a tab too many or too few: the first rows tell",
    Reason.BAD_LABEL: "write 0 or 1, with tabs between all of them",
    Reason.BAD_CLASS: "number classes from 0, in the order of labels.txt",
    Reason.NOT_ONE_LABEL: "decide which label is right; or `task: multi`, where all of them are",
    Reason.BAD_PATH: "write the path as it is below `source` or the dataset's folder",
    Reason.NOT_ALLOWED_BUCKET: (
        "allow the bucket: `tagline up --source-bucket NAME`, or the parameter `SourceBuckets`"
    ),
    Reason.DUPLICATE_PATH: "nothing; delete the row if it bothers you",
    Reason.CONFLICTING_LABELS: (
        "decide which row is right; for corrections that are appended `on_conflict: last_wins`"
    ),
    Reason.MISSING_OBJECT: (
        "upload the image, or mend the path: the detail names a key that is spelled nearly so"
    ),
    Reason.ACCESS_DENIED: "let the stack's roles read the object: the bucket's policy, its KMS key",
    Reason.ARCHIVED_OBJECT: "restore it (`aws s3api restore-object`), then drop the list again",
    Reason.EMPTY_OBJECT: "upload the image again",
    Reason.OBJECT_TOO_LARGE: "save a smaller copy: a model sees few pixels of it",
    Reason.OBJECT_CHANGED: "drop the list again when nobody writes there any more",
    Reason.UNSUPPORTED_IMAGE: "save it as PNG, JPEG or WebP; the detail says what it is",
    Reason.UNDECODABLE_IMAGE: "upload it again from where it is whole",
    Reason.ANIMATED_IMAGE: "save one frame of it",
    Reason.TOO_MANY_PIXELS: "save a smaller copy; [what an image may cost](data.md#images)",
    Reason.TOO_FEW_FIELDS: "write user, item and every further column of the file in each row",
    Reason.UNKNOWN_COLUMN: "leave the column out: user, item, rating and timestamp are read",
    Reason.BAD_QUOTING: "close the quotes on the same line; a quote within a field is doubled",
    Reason.BAD_USER: "give each user a short id",
    Reason.BAD_ITEM: "give each item a short id; its title belongs into items.csv",
    Reason.BAD_RATING: "write a number with a decimal point, or leave the column out",
    Reason.BAD_TIMESTAMP: "write seconds since 1970, or 2026-11-26T12:00:00Z",
    Reason.LOW_RATING: "nothing: `recommender.minimum_rating` asks for it",
    Reason.DUPLICATE_PAIR: "nothing: the newest counts",
    Reason.RARE_USER: "nothing: `recommender.minimum_user_ratings` asks for it",
    Reason.RARE_ITEM: "nothing: `recommender.minimum_item_ratings` asks for it",
}
_OUTCOMES = {
    Outcome.PROMOTED: (
        "proven better than the champion on the same test images, and it answered so on an "
        "endpoint of its own: it serves now"
    ),
    Outcome.NOT_PROMOTED: (
        "trained and compared; not better than the champion, or not proven better: it serves on. "
        "Or no better than label frequencies"
    ),
    Outcome.UNCHANGED: (
        "same list, labels, settings and images as the champion's, or as the last challenger's: "
        "nothing was trained"
    ),
    Outcome.REDEPLOYED: (
        "unchanged, but the champion did not serve: its endpoint was deployed again and tested"
    ),
    Outcome.SUPERSEDED: "a list dropped later decides: this one's model does not go live",
    Outcome.ROLLED_BACK: (
        "the challenger did not answer as evaluated, or did not come up: the champion serves on"
    ),
    Outcome.FAILED: "`reason` says what, where and what to do; the champion serves on",
}
_THEN = {
    Outcome.PROMOTED: "nothing",
    Outcome.NOT_PROMOTED: (
        "`reason` says which ([what reasons mean](promotion.md#what-the-reasons-mean)); more "
        "images, or `tagline promote RUN --why …` if you know better, or where `tagline try` "
        "started it"
    ),
    Outcome.UNCHANGED: "nothing; or was another list meant?",
    Outcome.REDEPLOYED: "nothing",
    Outcome.SUPERSEDED: "look at the later run",
    Outcome.ROLLED_BACK: "read `reason`; drop the list again when the cause is gone",
    Outcome.FAILED: "`tagline retry RUN` when the cause is gone: nothing is done twice",
}
_OF_BATCHES = {
    BatchOutcome.TAGGED: ("every line has its verdict", "nothing"),
    BatchOutcome.FAILED: (
        "`reason` says what, where and what to do; no image was lost",
        "`tagline retry BATCH` when the cause is gone: no image is tagged again",
    ),
    BatchOutcome.SUPERSEDED: (
        "the list was dropped again meanwhile, and the later one's tags are there",
        "look at the later batch",
    ),
}


def reasons_page() -> str:
    """Return the page."""
    return "\n".join(
        [
            _HEAD,
            _table("code", ((code, MEANING[code], _TO_DO[code]) for code in Reason)),
            _ENDS,
            _table("outcome", ((it, _OUTCOMES[it], _THEN[it]) for it in Outcome)),
            _BATCHES,
            _table("outcome", ((it, *_OF_BATCHES[it]) for it in BatchOutcome)).rstrip("\n") + "\n",
        ]
    )


def _table(first: str, rows: Iterable[tuple[StrEnum, str, str]]) -> str:
    lines = (f"| `{code}` | {meaning} | {to_do} |" for code, meaning, to_do in rows)
    return "\n".join([f"| {first} | what happened | what to do |", "|---|---|---|", *lines, ""])
