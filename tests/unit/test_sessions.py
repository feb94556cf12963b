"""What the flow's clients of AWS do without: the same answers, by less work."""

import io
from datetime import UTC, datetime

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st

from tagline.aws.sessions import sending_at_once, session, time_of, user_agent

TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ")


@given(TIMES, st.sampled_from(FORMS))
def test_times_of_s3_are_read_as_botocore_reads_them(time: datetime, form: str) -> None:
    text = time.strftime(form)
    assert time_of(text) == parse_timestamp(text)
    assert time_of(text).utcoffset() == parse_timestamp(text).utcoffset()


@pytest.mark.parametrize(
    "value", [0, 1.5, "1700000000", "2026-01-01", "20260101T000000Z", "2026-01-01 00:00 +0200"]
)
def test_times_of_other_services_are_botocores(value: object) -> None:
    assert time_of(value) == parse_timestamp(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "Z", " GMT", "yesterday", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="timestamp"):
        time_of(value)


def test_clients_say_who_they_are_in_the_sdks_words() -> None:
    config = Config(region_name="eu-west-1", user_agent=user_agent())
    client = session().client("s3", config=config)
    said: str = vars(client.meta.config)["user_agent"]
    assert said.startswith(f"{user_agent()} ")
    assert all(f"{name}/" in said for name in ("Boto3", "Python", "Botocore"))


class Stopped(Exception):
    """A request that is not to be sent."""


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        (b"small", False),
        (b"", False),
        (io.BytesIO(b"a file"), False),
        (bytes((1 << 20) + 1), True),
        (io.BytesIO(bytes((1 << 20) + 1)), True),
    ],
)
def test_leave_to_send_is_asked_for_what_is_large(body: bytes | io.BytesIO, asks: bool) -> None:
    asked: list[bool] = []

    def stopped(request: AWSPreparedRequest, **_: object) -> None:
        asked.append("Expect" in request.headers)
        raise Stopped

    client = sending_at_once(
        session().client(
            "s3", "us-east-1", aws_access_key_id="key", aws_secret_access_key="of a test"
        )
    )
    client.meta.events.register("before-send.s3", stopped)
    with pytest.raises(Stopped):
        client.put_object(Bucket="bucket", Key="key", Body=body)
    assert asked == [asks]
