"""HTTP APIs as SAM writes them: the whole API in one OpenAPI `Body`, which ministack leaves unread.

Also gives each API a URL that needs no DNS: `http://127.0.0.1:<port>/_aws/execute-api/<id>`.
"""

from contextlib import nullcontext
from typing import Any

from local import patching
from local.api_callers import Asked, Callers
from local.context import Cloud
from local.settings import concurrency
from local.signatures import Request
from local.throttling import UNAVAILABLE
from local.waiting_line import LineFull, WaitingLine

_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_SERVICE = "ministack.services.apigateway"
_APP = "ministack.app"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_TYPE = "AWS::ApiGatewayV2::Api"
PATH = "/_aws/execute-api/"
PAYLOAD_LIMIT = 10 * 1024 * 1024  # bytes; API Gateway's quota for HTTP APIs
EVENT_LIMIT = 6 * 1024 * 1024  # bytes; Lambda's quota, for the body as it stands in the event
_CREATE = ("logical_id", "props", "stack_name")
_UPDATE = ("physical_id", "old_props", "new_props", "stack_name", "logical_id")
_EXECUTE = ("host", "path", "method", "headers", "body", "query_params", "raw_path")
_Resource = tuple[str, dict[str, Any]]
_Response = tuple[int, dict[str, str], bytes]


def install(cloud: Cloud, callers: Callers) -> None:
    """Read `Body` when an API is created or updated; answer its URL, limits and who may call."""
    handlers = patching.member(_PROVISIONERS, "_RESOURCE_HANDLERS", dict)[_TYPE]
    create = patching.function(_PROVISIONERS, "_apigw_v2_api_create", *_CREATE)
    update = patching.function(_PROVISIONERS, "_apigw_v2_api_update", *_UPDATE)
    if handlers.get("create") is not create or handlers.get("update") is not update:
        raise patching.UnexpectedMinistack(f"{_PROVISIONERS}: {_TYPE} has other handlers")
    importer = _Importer(cloud)

    def create_with_body(logical_id: str, props: dict[str, Any], stack_name: str) -> _Resource:
        api_id, attributes = create(logical_id, _named(logical_id, props), stack_name)
        return importer.apply(api_id, props, stack_name, attributes)

    def update_with_body(
        physical_id: str,
        old_props: dict[str, Any],
        new_props: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> _Resource:
        name = logical_id or physical_id
        api_id, attributes = update(
            physical_id, _named(name, old_props), _named(name, new_props), stack_name, logical_id
        )
        return importer.apply(api_id, new_props, stack_name, attributes)

    handlers["create"] = create_with_body
    handlers["update"] = update_with_body
    callers.install()
    _bound_payload(callers)


class _Importer:
    """Turns an OpenAPI body into ministack's routes and integrations."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._apis = patching.member(_SERVICE, "_apis", object)
        self._routes = patching.member(_SERVICE, "_routes", object)
        self._integrations = patching.member(_SERVICE, "_integrations", object)
        self._authorizers = patching.member(_SERVICE, "_authorizers", object)
        self._create_route = patching.function(_PROVISIONERS, "_apigw_v2_route_create", *_CREATE)
        self._create_integration = patching.function(
            _PROVISIONERS, "_apigw_v2_integration_create", *_CREATE
        )

    def apply(
        self, api_id: str, props: dict[str, Any], stack_name: str, attributes: dict[str, Any]
    ) -> _Resource:
        """Replace the API's routes by those of the body; return its id and attributes."""
        endpoint = f"{self._cloud.endpoint}{PATH}{api_id}"
        self._apis[api_id]["apiEndpoint"] = endpoint
        body = props.get("Body")
        if body:
            self._import(api_id, body, stack_name)
        return api_id, {**attributes, "ApiEndpoint": endpoint}

    def _import(self, api_id: str, body: dict[str, Any], stack_name: str) -> None:
        self._routes[api_id] = {}
        self._integrations[api_id] = {}
        self._apis[api_id]["corsConfiguration"] = body.get("x-amazon-apigateway-cors") or {}
        schemes = (body.get("components") or {}).get("securitySchemes") or {}
        self._authorizers[api_id] = {
            name: _authorizer(name, scheme[_AUTHORIZER])
            for name, scheme in schemes.items()
            if _AUTHORIZER in scheme
        }
        for path, operations in (body.get("paths") or {}).items():
            for method, operation in operations.items():
                integration = operation.get("x-amazon-apigateway-integration")
                if integration:
                    guard = _guard(operation.get("security") or [], schemes)
                    self._add(api_id, stack_name, _route_key(method, path), integration, guard)

    def _add(
        self,
        api_id: str,
        stack_name: str,
        route_key: str,
        integration: dict[str, Any],
        guard: dict[str, str],
    ) -> None:
        if str(integration.get("type", "")).lower() != "aws_proxy":
            raise ValueError(f"{route_key}: the laptop cloud runs aws_proxy integrations only")
        integration_id, _ = self._create_integration(
            "Integration",
            {
                "ApiId": api_id,
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": integration["uri"],
                "IntegrationMethod": integration.get("httpMethod", "POST"),
                "PayloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
            },
            stack_name,
        )
        route = {"ApiId": api_id, "RouteKey": route_key, "Target": f"integrations/{integration_id}"}
        self._create_route("Route", route | guard, stack_name)


def _authorizer(name: str, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("type") != "jwt":
        raise ValueError(f"{name}: the laptop cloud knows jwt authorizers and AWS_IAM only")
    return {
        "authorizerId": name,
        "authorizerType": "JWT",
        "name": name,
        "identitySource": [given["identitySource"]],
        "jwtConfiguration": given["jwtConfiguration"],
    }


def _guard(security: list[dict[str, Any]], schemes: dict[str, Any]) -> dict[str, str]:
    """Return what a route asks of its callers, as AWS::ApiGatewayV2::Route has it."""
    if not security:
        return {}
    (name,) = security[0]
    if _AUTHORIZER in schemes[name]:
        return {"AuthorizationType": "JWT", "AuthorizerId": name}
    return {"AuthorizationType": "AWS_IAM"}


def _named(logical_id: str, props: dict[str, Any]) -> dict[str, Any]:
    """Return the properties with the two that a body stands in for."""
    title = ((props.get("Body") or {}).get("info") or {}).get("title")
    return {"Name": title or logical_id, "ProtocolType": "HTTP", **props}


def _route_key(method: str, path: str) -> str:
    if path == "/$default":
        return "$default"
    verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
    return f"{verb} {path}"


def _bound_payload(callers: Callers) -> None:
    """Answer 413 to what is too large, 403 to strangers, and line up the rest."""
    line = WaitingLine(concurrency())
    execute = patching.function(_APP, "_handle_execute_api_request", *_EXECUTE, "raw_query_string")

    is_text = patching.function(_SERVICE, "_v2_request_body_is_text", "content_type")

    def too_large(body: bytes, headers: dict[str, str]) -> bool:
        as_text = is_text(headers.get("content-type"))
        in_event = len(body) if as_text else 4 * (len(body) + 2) // 3
        return len(body) > PAYLOAD_LIMIT or in_event > EVENT_LIMIT

    async def bounded(  # noqa: PLR0917 - ministack's own signature
        host: str,
        path: str,
        method: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
        raw_path: str | None = None,
        raw_query_string: str | None = None,
    ) -> _Response | None:
        if path.startswith(PATH) and too_large(body, headers):
            message = b'{"message":"Request Entity Too Large"}'
            return 413, {"Content-Type": "application/json"}, message
        if path.startswith(PATH) and "/" not in path.removeprefix(PATH):
            path += "/"  # the API's URL without a trailing slash is its root
            raw_path = f"{raw_path}/" if raw_path else raw_path
        if path.startswith(PATH):
            api, _, rest = path.removeprefix(PATH).partition("/")
            signed = Request(
                method, raw_path or path, raw_query_string or "", list(headers.items())
            )
            refusal = callers.refusal(Asked(signed, body, api, f"/{rest}"))
            if refusal is not None:
                return refusal
            if "X-Amz-Signature" in query_params:  # ministack asks for the header, be it empty
                headers = {"authorization": "", **headers}
        try:
            async with line.turn() if path.startswith(PATH) else nullcontext():
                response: _Response | None = await execute(
                    host, path, method, headers, body, query_params, raw_path, raw_query_string
                )
        except LineFull:
            return UNAVAILABLE["statusCode"], UNAVAILABLE["headers"], UNAVAILABLE["body"].encode()
        return response

    patching.replace(_APP, "_handle_execute_api_request", bounded, *_EXECUTE, "raw_query_string")
