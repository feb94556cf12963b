"""Corrections, enough of them, are merged into the newest list, and that is dropped: once.

Each correction's event asks. Whoever may, writes `feedback/retrain.json` over the time before
(If-Match), and so alone goes on; the list's name follows from it, and is written where there is
none. A function that dies in between has its work done by the next event.
"""

import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from tagline.aws.faults import Conflict
from tagline.aws.s3 import Bucket, Version, copy_body
from tagline.feedback.finding import newest_plan
from tagline.feedback.newest import exists, merge_into
from tagline.feedback.reading import read_corrections
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.feedback_settings import Retrain
from tagline.formats.keys import MAX_SETTINGS_BYTES, DatasetKeys
from tagline.formats.list_lines import FUNCTION_LIST_BYTES
from tagline.formats.merged import Merged
from tagline.formats.outcomes import Champion
from tagline.formats.plan import Plan
from tagline.formats.retraining import Retraining
from tagline.listing.sources import Source
from tagline.settings import load_settings

_BETWEEN = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}


@dataclass(frozen=True)
class Corrections:
    """The corrections of a dataset, as one event finds them."""

    bucket: Bucket
    dataset: str
    source_buckets: Collection[str]

    def retrain(self, now: datetime) -> str:
        """Drop a merged list if it is time to; return what was done, in words.

        Raises InvalidSettings for a dataset.yaml that is none, NoList without any list.
        """
        wanted = self._wanted()
        if wanted.after_corrections is None:
            return "corrections do not retrain this dataset by themselves"
        last = self.bucket.find(self._keys.retrain, Retraining)
        if last and last.content.list and not self.bucket.head(last.content.list):
            return self._finish(last.content)  # whoever began it is going on, or died
        plan = self._plan()
        keys = self._new(last, plan)
        if len(keys) < wanted.after_corrections:
            return f"{len(keys):,} of {wanted.after_corrections:,} corrections are there"
        if last and now - datetime.fromisoformat(last.content.at) < _BETWEEN[wanted.at_most]:
            return f"{len(keys):,} corrections wait: {wanted.at_most} at most"
        begun = Retraining(
            dataset=self.dataset,
            at=f"{now:%Y-%m-%dT%H:%M:%SZ}",
            through=keys[-1],
            corrections=len(keys),
            list=self._list_of(keys[-1]),
        )
        try:
            self.bucket.write_over(self._keys.retrain, begun, last.etag if last else None)
        except Conflict:
            return "another event is at it"
        return self._finish(begun)

    @property
    def _keys(self) -> FeedbackKeys:
        return FeedbackKeys(self.dataset)

    def _wanted(self) -> Retrain:
        found = self.bucket.find_bytes(DatasetKeys(self.dataset).settings, MAX_SETTINGS_BYTES)
        return load_settings(found.content).retrain if found else Retrain()

    def _plan(self) -> Plan:
        champion = self.bucket.whole(DatasetKeys(self.dataset).champion, Champion)
        return newest_plan(self.bucket, self.dataset, champion.run if champion else None)

    def _new(self, last: Version[Retraining] | None, plan: Plan) -> list[str]:
        """Return the keys of corrections that no list has yet, merged by a person or by itself."""
        merged = plan.corrections and self.bucket.whole(plan.corrections.key, Merged)
        through = max(last.content.through if last else "", merged.through if merged else "")
        return [key for key in self.bucket.keys(self._keys.corrections) if key > through]

    def _list_of(self, through: str) -> str:
        name = through.removeprefix(self._keys.corrections).removesuffix(".json")
        return f"{DatasetKeys(self.dataset).lists}corrected-{name}.lst"

    def _finish(self, begun: Retraining) -> str:
        plan = self._plan()
        client, list_key = self.bucket.client, begun.list or ""
        source = Source.of_dataset(
            self.dataset, self.bucket.name, plan.settings.source, self.source_buckets
        )
        entries = read_corrections(self.bucket, self.dataset, begun.through)
        with tempfile.TemporaryFile() as spool, tempfile.TemporaryFile() as made:
            with self.bucket.stream(plan.list.key, version_id=plan.list.version_id) as found:
                copied = copy_body(found.content, spool, FUNCTION_LIST_BYTES)
            if copied > FUNCTION_LIST_BYTES:
                self.bucket.write(self._keys.retrain, replace(begun, list=None))
                return (
                    f"the newest list is larger than {FUNCTION_LIST_BYTES >> 30} GiB: nothing is "
                    "merged by itself; put the corrections into it with `tagline correct`"
                )
            result = merge_into(
                spool,
                made,
                entries,
                plan,
                bucket=self.bucket,
                source=source,
                is_there=lambda place: exists(client, place),
            )
            merged = replace(result.merged, by="corrections", new=begun.corrections)
            if not merged.rows_changed + merged.rows_added:
                self.bucket.write(self._keys.retrain, replace(begun, list=None))
                return f"{begun.corrections:,} corrections change nothing in the newest list"
            self.bucket.write(self._keys.merged(merged.sha256), merged)  # the plan looks for it
            made.seek(0)
            try:
                self.bucket.put_over(list_key, made, "text/plain", None)
            except Conflict:
                return f"{list_key} is dropped already"
        return f"{begun.corrections:,} corrections: dropped {list_key}"
