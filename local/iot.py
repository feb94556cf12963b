"""IoT Core as devices meet it here: an address that can be reached, and rules that lose nothing.

MQTT comes over WebSocket, `/mqtt`, at the cloud's own port; there is no TLS, so no certificate is
asked for. A rule's function is invoked as Lambda does it, by few threads: a device that was offline
has thousands of messages at once.
"""

import asyncio
import json
import logging
from http import HTTPStatus
from typing import Any

from local import patching
from local.context import HOST, Cloud
from local.deliveries import Delivery
from local.door import App, Receive, Scope, Send
from local.journal import Entry
from local.rule_deliveries import RuleDeliveries

MQTT = "/mqtt"
_IOT = "ministack.services.iot"
_LAMBDA = "ministack.services.lambda_svc"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_DATA = "iot:Data-ATS"
_DISPATCH = ("account_id", "region", "function_arn", "event")
_FIND = ("function_ref", "account_id", "region")
_ENDING = 2.0  # seconds for what a connection has sent to reach its rules
_GOING_AWAY = 1001  # of WebSocket: a server that stops
logger = logging.getLogger("local.iot")


def install(cloud: Cloud, delivery: Delivery) -> RuleDeliveries:
    """Put all of it in place; return what is on its way from rules to functions."""
    _answer_own_address(cloud)
    _make_role_aliases(cloud)
    return _invoke_as_lambda_does(cloud, delivery)


class Gateway:
    """An ASGI application that leads MQTT to the broker, which goes by a host's name."""

    def __init__(self, cloud: Cloud, app: App) -> None:
        self._host = f"mqtt.iot.{cloud.region}.{HOST}:{cloud.port}".encode()
        self._app = app
        self._closing = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on under the name that the broker has."""
        if scope["type"] != "websocket" or scope["path"] != MQTT:
            await self._app(scope, receive, send)
        elif self._closing.is_set():
            await send({"type": "websocket.close", "code": _GOING_AWAY})
        else:
            others = [pair for pair in scope["headers"] if pair[0].lower() != b"host"]
            scope = {**scope, "headers": [*others, (b"host", self._host)]}
            session = asyncio.ensure_future(self._app(scope, lambda: self._received(receive), send))
            self._open.add(session)
            session.add_done_callback(self._open.discard)
            await session

    async def close(self) -> None:
        """End every connection: nothing more is taken, so that devices keep what they have."""
        self._closing.set()
        if self._open:
            await asyncio.wait(self._open, timeout=_ENDING)

    async def _received(self, receive: Receive) -> Any:
        """Return what a device sends next, or that it has gone once the cloud stops."""
        message = asyncio.ensure_future(receive())
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((message, closing), return_when=asyncio.FIRST_COMPLETED)
            if self._closing.is_set():
                return {"type": "websocket.disconnect", "code": _GOING_AWAY}
            return message.result()
        finally:
            message.cancel()
            closing.cancel()


def _answer_own_address(cloud: Cloud) -> None:
    """Let DescribeEndpoint say where this cloud listens; ministack's names lead nowhere."""
    describe = patching.function(_IOT, "_describe_endpoint", "qp")

    def described(qp: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = describe(qp)
        if status == HTTPStatus.OK and qp.get("endpointType", _DATA) == _DATA:
            body = json.dumps({"endpointAddress": f"{HOST}:{cloud.port}"}).encode()
        return status, headers, body

    patching.replace(_IOT, "_describe_endpoint", described, "qp")


def _invoke_as_lambda_does(cloud: Cloud, delivery: Delivery) -> RuleDeliveries:
    find = patching.function(_LAMBDA, "_get_func_record_for_ref_in_scope", *_FIND)
    record = patching.function(_LAMBDA, "_execution_record_for_config", "func", "config")

    def found(function_arn: str, account_id: str, region: str) -> Any:
        function, config, name = find(function_arn, account_id=account_id, region=region)
        if not function or not config:  # the rule's error action is told
            raise LookupError(f"a rule names function {name}, which does not exist")
        return record(function, config)

    def deliver(entry: Entry) -> None:
        try:
            function = found(entry["function"], entry["account"], entry["region"])
        except LookupError as exc:
            logger.warning("a message is not delivered: %s", exc)
            return
        delivery.carry_out(function, entry["event"])

    kept = RuleDeliveries(cloud.state_dir / "deliveries.db", deliver)

    def dispatch(account_id: str, region: str, function_arn: str, event: object) -> None:
        found(function_arn, account_id, region)
        scope = {"account": account_id, "region": region}
        kept.send({**scope, "function": function_arn, "event": event})

    patching.replace(_IOT, "_dispatch_rule_to_lambda", dispatch, *_DISPATCH)
    return kept


def _make_role_aliases(cloud: Cloud) -> None:
    """Let templates have role aliases. Nothing here gives out credentials for a certificate."""
    handlers = patching.member(_PROVISIONERS, "_RESOURCE_HANDLERS", dict)

    def create(
        _logical_id: str, props: dict[str, Any], _stack_name: str
    ) -> tuple[str, dict[str, Any]]:
        name = props["RoleAlias"]
        arn = f"arn:aws:iot:{cloud.region}:{cloud.account}:rolealias/{name}"
        return name, {"RoleAliasArn": arn}

    def delete(_physical_id: str, _props: dict[str, Any]) -> None:
        return None

    handlers["AWS::IoT::RoleAlias"] = {"create": create, "delete": delete}
