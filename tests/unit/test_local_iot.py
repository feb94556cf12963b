"""IoT on the laptop: which operation a request asks for and needs, and who may connect by MQTT."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.access import rest_calls
from local.access.calls import Call
from local.access.operations import Operations
from local.context import Cloud
from local.iot import Gateway
from local.lock import Lock
from tests.unit.test_local_access import PaperNames

IOT = "arn:aws:iot:us-east-1:000000000000"
HOST = "127.0.0.1:4566"


@pytest.mark.parametrize(
    ("service", "method", "path", "body", "operation", "holds"),
    [
        ("iot", "POST", "/things/cam-1", b"{}", "CreateThing", {"thingName": "cam-1"}),
        ("iot", "GET", "/endpoint", b"", "DescribeEndpoint", {}),
        ("iot", "PUT", "/target-policies/p", b'{"target": "t"}', "AttachPolicy", {"target": "t"}),
        ("iot", "PUT", "/jobs/j", b'{"targets": ["t"]}', "CreateJob", {"targets": ["t"]}),
        (
            "iot",
            "PUT",
            "/thing-groups/addThingToThingGroup",
            b'{"thingName": "c", "thingGroupName": "g"}',
            "AddThingToThingGroup",
            {"thingName": "c", "thingGroupName": "g"},
        ),
        ("iot-data", "POST", "/topics/a%2Fb", b"\xff", "Publish", {"topic": "a/b"}),
        ("iot-data", "GET", "/things/c/shadow", b"", "GetThingShadow", {"thingName": "c"}),
        (
            "iot-jobs-data",
            "PUT",
            "/things/c/jobs/$next",
            b"{}",
            "StartNextPendingJobExecution",
            {"thingName": "c"},
        ),
        ("iot-jobs-data", "GET", "/things/c/jobs/j", b"", "DescribeJobExecution", {"jobId": "j"}),
    ],
)
def test_an_operation_is_told_by_method_and_path(
    service: str, method: str, path: str, body: bytes, operation: str, holds: dict[str, Any]
) -> None:
    found = rest_calls.read(service, method, path, {}, body)

    assert found is not None
    assert found[0] == operation
    assert holds.items() <= found[1].items()


def test_a_path_that_iot_does_not_have_names_nothing() -> None:
    assert rest_calls.read("iot", "GET", "/no/such/path", {}, b"") is None


@pytest.mark.parametrize(
    ("service", "operation", "request_", "needed"),
    [
        ("iot", "CreateThing", {"thingName": "c"}, [("iot:CreateThing", f"{IOT}:thing/c")]),
        ("iot-data", "Publish", {"topic": "a/b"}, [("iot:Publish", f"{IOT}:topic/a/b")]),
        (
            "iot",
            "CreateJob",
            {"jobId": "j", "targets": ["arn:g"], "presignedUrlConfig": {"roleArn": "arn:r"}},
            [
                ("iot:CreateJob", f"{IOT}:job/j"),
                ("iot:CreateJob", "arn:g"),
                ("iam:PassRole", "arn:r"),
            ],
        ),
        (
            "iot-jobs-data",
            "UpdateJobExecution",
            {"thingName": "c", "jobId": "j"},
            [("iotjobsdata:UpdateJobExecution", f"{IOT}:thing/c")],
        ),
        (
            "iot",
            "AddThingToThingGroup",
            {"thingName": "c", "thingGroupName": "g"},
            [
                ("iot:AddThingToThingGroup", f"{IOT}:thing/c"),
                ("iot:AddThingToThingGroup", f"{IOT}:thinggroup/g"),
            ],
        ),
    ],
)
def test_an_operation_needs_what_iam_s_reference_says(
    service: str, operation: str, request_: dict[str, Any], needed: list[tuple[str, str]]
) -> None:
    found = Operations(PaperNames()).needs(Call(service, operation, request_))

    assert [(need.action, need.resource) for need in found] == needed


def connected(app: Any, url: str = "/mqtt", host: str = HOST) -> tuple[list[Any], list[Any]]:
    """Open a WebSocket; return the scopes that came through and what was answered."""
    path, _, query = url.partition("?")
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", host.encode()), (b"sec-websocket-protocol", b"mqtt")],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return app.through, sent


class Noted:
    """An application, and the scopes that reached it through another."""

    def __init__(self, make: Any) -> None:
        self.through: list[Any] = []
        self._app = make(self._note)

    async def _note(self, scope: Any, _receive: Any, _send: Any) -> None:
        self.through.append(scope)

    async def __call__(self, *arguments: Any) -> None:
        await self._app(*arguments)


def signed(key: str, secret: str, service: str = "iotdevicegateway", expires: int = 3600) -> str:
    request = AWSRequest("GET", f"http://{HOST}/mqtt")
    made = SigV4QueryAuth(Credentials(key, secret), service, "us-east-1", expires=expires)
    made.add_auth(request)
    return str(request.url).partition(HOST)[2]


def test_mqtt_reaches_the_broker_by_the_host_it_goes_by(tmp_path: Any) -> None:
    cloud = Cloud(4566, tmp_path, tmp_path)
    (scope,), _ = connected(Noted(lambda app: Gateway(cloud, app)))

    hosts = [value for name, value in scope["headers"] if name == b"host"]
    assert hosts == [b"mqtt.iot.us-east-1.127.0.0.1:4566"]
    (other,), _ = connected(Noted(lambda app: Gateway(cloud, app)), "/elsewhere")
    assert (b"host", HOST.encode()) in other["headers"]


@pytest.mark.parametrize(
    ("key", "secret", "service", "passes"),
    [
        ("test", "right", "iotdevicegateway", True),
        ("test", "wrong", "iotdevicegateway", False),
        ("nobody", "right", "iotdevicegateway", False),
        ("test", "right", "s3", False),
        ("test", "right", "iot", False),
        (None, "", "", False),
    ],
)
def test_a_locked_cloud_takes_a_connection_that_was_signed_as_a_device_s(
    key: str | None, secret: str, service: str, passes: bool
) -> None:
    url = signed(key, secret, service) if key else "/mqtt"
    through, sent = connected(Noted(lambda app: Lock({"test": "right"}.get, app)), url)

    assert bool(through) is passes
    assert passes or sent == [{"type": "websocket.close", "code": 1008}]


def test_a_signature_that_is_old_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    url = signed("test", "right", expires=60)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return later.astimezone(tz)

    monkeypatch.setattr("local.lock.dt.datetime", Later)
    through, _ = connected(Noted(lambda app: Lock({"test": "right"}.get, app)), url)

    assert not through


def test_a_cloud_that_stops_takes_nothing_more_from_a_device(tmp_path: Any) -> None:
    took: list[str] = []
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def stopped() -> None:
        begun = asyncio.Event()

        async def broker(_scope: Any, receive: Any, _send: Any) -> None:
            while (message := await receive())["type"] != "websocket.disconnect":
                took.append(message["type"])
                begun.set()

        said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        gateway = Gateway(Cloud(4566, tmp_path, tmp_path), broker)
        scope = {"type": "websocket", "path": "/mqtt", "headers": []}
        session = asyncio.create_task(gateway(scope, said.get, send))
        await said.put({"type": "websocket.connect"})
        await begun.wait()
        closing = asyncio.create_task(gateway.close())
        await said.put({"type": "websocket.receive"})
        await closing
        await session
        await gateway(scope, said.get, send)

    asyncio.run(asyncio.wait_for(stopped(), 20))

    assert took == ["websocket.connect"]
    assert sent == [{"type": "websocket.close", "code": 1001}]
