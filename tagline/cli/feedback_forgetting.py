"""Images of requests and of corrections, deleted for good: every version of them."""

import re

from tagline.cli.destroy import delete_objects
from tagline.cli.errors import Refused
from tagline.cli.output import emit, facts_table, print_json
from tagline.cli.target import Target
from tagline.feedback.reading import read_corrections
from tagline.formats.feedback_keys import FeedbackKeys

SAMPLED = "sampled"
_HASH = re.compile(r"[0-9a-f]{64}")


def forget(target: Target, dataset: str, what: str, *, as_json: bool) -> None:
    """Delete what was kept of requests (`sampled`), or all of an image by its file's SHA-256."""
    keys = FeedbackKeys(dataset)
    if what == SAMPLED:
        prefixes = [keys.sampled]
    elif _HASH.fullmatch(what):
        prefixes = _of_image(target, keys, what)
    else:
        raise Refused(f"--forget takes {SAMPLED}, or the SHA-256 of an image's file")
    gone = [key for prefix in prefixes for key in target.bucket.keys(prefix)]
    for prefix in prefixes:  # former versions too, of what is there no more
        delete_objects(target, prefix)
    if as_json:
        print_json({"deleted": gone})
    else:
        emit(facts_table({"Deleted": f"{len(gone):,} files, with all their versions"}))


def _of_image(target: Target, keys: FeedbackKeys, sha256: str) -> list[str]:
    """Return prefixes of all that is kept of an image: files, and what was said of it."""
    found = [f"{keys.images}{sha256}."]
    found += [f"{keys.sampled}{day}/{sha256}." for day in target.bucket.folders(keys.sampled)]
    for entry in read_corrections(target.bucket, keys.dataset):
        if entry.correction and entry.correction.image.sha256 == sha256:
            found += [entry.key, keys.last(entry.correction.image.s3_uri)]
    return found
