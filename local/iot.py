"""IoT Core as devices meet it here: an address that can be reached, and rules that lose nothing.

MQTT comes over WebSocket, `/mqtt`, at the cloud's own port; there is no TLS, so no certificate is
asked for. A rule's function is invoked as Lambda does it, by few threads: a device that was offline
has thousands of messages at once.
"""

import contextvars
import json
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from local import patching
from local.context import HOST, Cloud
from local.deliveries import Delivery
from local.door import App, Receive, Scope, Send

MQTT = "/mqtt"
_IOT = "ministack.services.iot"
_LAMBDA = "ministack.services.lambda_svc"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_DATA = "iot:Data-ATS"
_AT_ONCE = 4  # invocations of rules' functions; each has a process that stays a while
_DISPATCH = ("account_id", "region", "function_arn", "event")
_FIND = ("function_ref", "account_id", "region")


def install(cloud: Cloud, delivery: Delivery) -> None:
    """Put all of it in place."""
    _answer_own_address(cloud)
    _invoke_as_lambda_does(delivery)
    _make_role_aliases(cloud)


class Gateway:
    """An ASGI application that leads MQTT to the broker, which goes by a host's name."""

    def __init__(self, cloud: Cloud, app: App) -> None:
        self._host = f"mqtt.iot.{cloud.region}.{HOST}:{cloud.port}".encode()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on under the name that the broker has."""
        if scope["type"] == "websocket" and scope["path"] == MQTT:
            others = [pair for pair in scope["headers"] if pair[0].lower() != b"host"]
            scope = {**scope, "headers": [*others, (b"host", self._host)]}
        await self._app(scope, receive, send)


def _answer_own_address(cloud: Cloud) -> None:
    """Let DescribeEndpoint say where this cloud listens; ministack's names lead nowhere."""
    describe = patching.function(_IOT, "_describe_endpoint", "qp")

    def described(qp: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = describe(qp)
        if status == HTTPStatus.OK and qp.get("endpointType", _DATA) == _DATA:
            body = json.dumps({"endpointAddress": f"{HOST}:{cloud.port}"}).encode()
        return status, headers, body

    patching.replace(_IOT, "_describe_endpoint", described, "qp")


def _invoke_as_lambda_does(delivery: Delivery) -> None:
    find = patching.function(_LAMBDA, "_get_func_record_for_ref_in_scope", *_FIND)
    record = patching.function(_LAMBDA, "_execution_record_for_config", "func", "config")
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="iot-rule")

    def dispatch(account_id: str, region: str, function_arn: str, event: object) -> None:
        function, config, name = find(function_arn, account_id=account_id, region=region)
        if not function or not config:  # the rule's error action is told
            raise LookupError(f"a rule names function {name}, which does not exist")
        context = contextvars.copy_context()
        pool.submit(context.run, delivery.carry_out, record(function, config), event)

    patching.replace(_IOT, "_dispatch_rule_to_lambda", dispatch, *_DISPATCH)


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
