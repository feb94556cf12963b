"""What a step asks of S3 and of Step Functions, and what that costs."""

from tagline.formats.document import Record
from tagline.scale import figures as f


class Requests(Record, kw_only=True):
    """Numbers of requests; prices in USD of us-east-1, which are in no bill of Tagline's."""

    gets: float = 0
    """Objects that are read from S3."""
    puts: float = 0
    """Objects, and parts of objects, that are written to S3."""
    lists: float = 0
    """Pages of a listing, 1,000 keys at most each."""
    transitions: float = 0
    """Of Step Functions, those of the map's children in it."""

    @property
    def s3(self) -> float:
        """What S3 takes for them."""
        asked = (self.puts + self.lists) * f.USD_PER_PUT.value
        return self.gets * f.USD_PER_GET.value + asked

    @property
    def price(self) -> float:
        """What S3 and Step Functions take for them."""
        return self.s3 + self.transitions * f.USD_PER_TRANSITION.value
