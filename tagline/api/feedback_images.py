"""Which image a request for feedback is about, and that it may be asked for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagline.api.feedback import checked_image, sent_image
from tagline.api.feedback_documents import (
    FeedbackOnHash,
    FeedbackOnImage,
    FeedbackOnPlace,
    FeedbackOnRow,
    Said,
)
from tagline.api.images import place_of, read_image
from tagline.api.problem import not_found
from tagline.feedback.finding import row_of_hash, row_of_id
from tagline.feedback.images import keep, kept_image
from tagline.formats.feedback_keys import FeedbackKeys
from tagline.formats.locations import Location

if TYPE_CHECKING:
    from collections.abc import Collection

    from tagline.aws.s3 import Bucket
    from tagline.formats.feedback import CorrectedImage
    from tagline.formats.plan import Plan
    from tagline.listing.sources import Source


@dataclass(frozen=True)
class Images:
    """The images of a dataset: of its newest list, its source, and those kept of requests."""

    bucket: "Bucket"
    plan: "Plan"
    source: "Source"
    source_buckets: "Collection[str]"

    def meant(self, asked: Said) -> "CorrectedImage":
        """Return the image that feedback is about; one that is sent along is kept.

        Raises a 404 for a row or hash that nothing is known of, else what a tag request raises.
        """
        match asked:
            case FeedbackOnRow():
                found = row_of_id(self.bucket, self.plan, self.source, asked.id)
                what = f"a row with the id {asked.id} whose path leads somewhere"
            case FeedbackOnHash():
                found = row_of_hash(self.bucket, self.plan, self.source, asked.hash) or kept_image(
                    self.bucket, self._dataset, asked.hash
                )
                what = f"an image whose SHA-256 is {asked.hash}"
            case FeedbackOnPlace():
                return self._at(asked.s3_uri)
            case FeedbackOnImage():
                return keep(self.bucket, self._dataset, sent_image(asked))
            case _:
                raise TypeError(type(asked))
        if found is None:
            raise not_found(
                "unknown_image", f"The newest list, {self.plan.list.key}, has not {what}."
            )
        return found

    @property
    def _dataset(self) -> str:
        return self.plan.dataset

    def _at(self, uri: str) -> "CorrectedImage":
        place = place_of(uri, self._may_lie_at)
        image = checked_image(read_image(place, self.bucket.client).data, "The object")
        sampled = FeedbackKeys(self._dataset).sampled
        if place.below(Location(self.bucket.name, sampled)):  # where it would expire
            return keep(self.bucket, self._dataset, image)
        return image.at(place.uri)

    def _may_lie_at(self, place: Location) -> bool:
        if place.below(Location(self.bucket.name, f"{self._dataset}/")):
            return True
        home = self.source.home
        return home.bucket in self.source_buckets and place.below(home)
