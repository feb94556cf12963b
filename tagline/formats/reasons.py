"""Why a row, or a whole list, is refused: the stable codes of the rejects and their meaning."""

from enum import StrEnum


class UnusableList(ValueError):
    """A list that no run can use as a whole; the message is one sentence for its owner."""


class Reason(StrEnum):
    """Stable code of a rejected row; programs compare these, people read `MEANING`."""

    HEADER_ROW = "header_row"
    LINE_TOO_LONG = "line_too_long"
    BAD_ENCODING = "bad_encoding"
    BAD_ID = "bad_id"
    DUPLICATE_ID = "duplicate_id"
    WRONG_LABEL_COUNT = "wrong_label_count"
    BAD_LABEL = "bad_label"
    BAD_CLASS = "bad_class"
    NOT_ONE_LABEL = "not_one_label"
    BAD_PATH = "bad_path"
    NOT_ALLOWED_BUCKET = "not_allowed_bucket"
    DUPLICATE_PATH = "duplicate_path"
    CONFLICTING_LABELS = "conflicting_labels"
    MISSING_OBJECT = "missing_object"
    ACCESS_DENIED = "access_denied"
    ARCHIVED_OBJECT = "archived_object"
    EMPTY_OBJECT = "empty_object"
    OBJECT_TOO_LARGE = "object_too_large"
    OBJECT_CHANGED = "object_changed"
    UNSUPPORTED_IMAGE = "unsupported_image"
    UNDECODABLE_IMAGE = "undecodable_image"
    ANIMATED_IMAGE = "animated_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_FEW_FIELDS = "too_few_fields"
    UNKNOWN_COLUMN = "unknown_column"
    BAD_QUOTING = "bad_quoting"
    BAD_USER = "bad_user"
    BAD_ITEM = "bad_item"
    BAD_RATING = "bad_rating"
    BAD_TIMESTAMP = "bad_timestamp"
    LOW_RATING = "low_rating"
    DUPLICATE_PAIR = "duplicate_pair"
    RARE_USER = "rare_user"
    RARE_ITEM = "rare_item"


MEANING: dict[Reason, str] = {
    Reason.HEADER_ROW: "the line names columns: a list has no header, and ratings have one at most",
    Reason.LINE_TOO_LONG: "the line is longer than 1 MiB",
    Reason.BAD_ENCODING: "the line is not valid UTF-8",
    Reason.BAD_ID: "the id is not an integer from 0 to 2^64-1",
    Reason.DUPLICATE_ID: "another row, which counts, has the same id",
    Reason.WRONG_LABEL_COUNT: "the row does not have as many labels as the list",
    Reason.BAD_LABEL: "a label is neither 0 nor 1, or tabs and commas between labels are mixed",
    Reason.BAD_CLASS: "the class is no whole number from 0, or there is no name for it",
    Reason.NOT_ONE_LABEL: "the row has no label or several, and under task: single it has one",
    Reason.BAD_PATH: "the path is empty, too long, or holds '..' or control characters",
    Reason.NOT_ALLOWED_BUCKET: "the path leads outside the allowed buckets",
    Reason.DUPLICATE_PATH: "another row, which counts, has the same image and the same labels",
    Reason.CONFLICTING_LABELS: "another row, which counts, has the same image with other labels",
    Reason.MISSING_OBJECT: "there is no object at the path",
    Reason.ACCESS_DENIED: "the image's bucket refuses to hand the object out",
    Reason.ARCHIVED_OBJECT: "the object is archived and must be restored before it can be read",
    Reason.EMPTY_OBJECT: "the object has 0 bytes",
    Reason.OBJECT_TOO_LARGE: "the object is larger than 64 MiB",
    Reason.OBJECT_CHANGED: "the object changed between listing and reading",
    Reason.UNSUPPORTED_IMAGE: "the object is not an image of a supported format",
    Reason.UNDECODABLE_IMAGE: "the image is damaged or incomplete",
    Reason.ANIMATED_IMAGE: "the image has several frames",
    Reason.TOO_MANY_PIXELS: "the image has more pixels than allowed",
    Reason.TOO_FEW_FIELDS: "the row has fewer fields than the file has columns",
    Reason.UNKNOWN_COLUMN: "the row has a field that is not user, item, rating or timestamp",
    Reason.BAD_QUOTING: "a quoted field does not end on its line, or goes on after its end",
    Reason.BAD_USER: "the user is empty, longer than 256 bytes or holds control characters",
    Reason.BAD_ITEM: "the item is empty, longer than 256 bytes or holds control characters",
    Reason.BAD_RATING: "the rating is no number, or none between -1,000,000 and 1,000,000",
    Reason.BAD_TIMESTAMP: "the timestamp is neither seconds since 1970 nor a date of ISO 8601",
    Reason.LOW_RATING: "the rating is below recommender.minimum_rating",
    Reason.DUPLICATE_PAIR: "a newer row, which counts, is of the same user and item",
    Reason.RARE_USER: "the user has fewer ratings than recommender.minimum_user_ratings",
    Reason.RARE_ITEM: "the item has fewer ratings than recommender.minimum_item_ratings",
}
