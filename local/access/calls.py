"""An API call, as the API reference of its service names it, and how one is read from HTTP."""

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote

from local import patching
from local.access import rest_calls, s3_calls

_PREFIX = {"monitoring": "cloudwatch"}  # IAM's word for a service, where ministack has another
_LAMBDA = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_ENDPOINT = re.compile(r"/endpoints/([^/]+)/invocations")
_MEMBER = re.compile(r"(.+)\.member\.\d+")


class Unnamed(ValueError):
    """A request that cannot be told which operation it asks for."""


@dataclass(frozen=True)
class Call:
    """One operation asked for: IAM's prefix of the service, the operation, its parameters."""

    service: str
    operation: str
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpRequest:
    """A request as it arrived: header names in lower case, query values as `parse_qs` has them."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]

    @cached_property
    def service(self) -> str:
        """The service that will answer, by ministack's word; `s3` for any other path."""
        detect = _router("detect_service", "method", "path", "headers", "query_params")
        found: str = detect(self.method, self.path, self.headers, self.query)
        return found

    @property
    def access_key(self) -> str:
        """The access key that signed; empty for a request without a signature."""
        extract = _router("extract_access_key_id", "headers", "query_params")
        return extract(self.headers, self.query) or ""

    @property
    def token(self) -> str:
        """The session token that belongs to a temporary access key; empty for none."""
        queried = self.query.get("X-Amz-Security-Token", [""])[0]
        return self.headers.get("x-amz-security-token", queried)


@functools.cache
def _router(name: str, *parameters: str) -> Callable[..., Any]:
    """Return a function of ministack's router, looked at once and not at each request."""
    return patching.function("ministack.core.router", name, *parameters)


def is_read_from_body(http: HttpRequest) -> bool:
    """Tell whether the body is needed to know what is asked for."""
    if http.service == "s3":
        return False
    return not (_LAMBDA.fullmatch(http.path) or _ENDPOINT.fullmatch(http.path))


def read(http: HttpRequest, body: bytes) -> Call:
    """Return the call that a request makes; raises Unnamed."""
    service = http.service
    prefix = _PREFIX.get(service, service)
    if service == "s3":
        named = s3_calls.read(http.method, http.path, http.query, http.headers)
        if named is None:
            raise Unnamed(f"{http.method} {http.path}?{'&'.join(http.query)}")
        return Call("s3", *named)
    try:
        return Call(prefix, *_named(http, service, body))
    except (ValueError, UnicodeDecodeError) as exc:
        raise Unnamed(f"{prefix}: {exc}") from exc


def _named(http: HttpRequest, service: str, body: bytes) -> tuple[str, Mapping[str, Any]]:
    target = http.headers.get("x-amz-target", "")
    if "." in target:
        return target.rpartition(".")[2], _mapping(json.loads(body or b"{}"))
    if service == "lambda" and (match := _LAMBDA.fullmatch(http.path)) and http.method == "POST":
        return "Invoke", {"FunctionName": unquote(match[1])}
    if service == "sagemaker" and (match := _ENDPOINT.fullmatch(http.path)):
        return "InvokeEndpoint", {"EndpointName": unquote(match[1])}
    if service in rest_calls.SERVICES:
        read_by_path = rest_calls.read(service, http.method, http.path, http.query, body)
        if read_by_path is None:
            raise Unnamed(f"{http.method} {http.path}")
        return read_by_path
    form = parse_qs(body.decode()) if "urlencoded" in http.headers.get("content-type", "") else {}
    fields = {**form, **http.query}
    if "Action" not in fields:
        raise Unnamed(f"{http.method} {http.path} names no operation")
    return fields["Action"][0], _members(fields)


def _members(fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a form's parameters; `Names.member.1` and on make a list `Names`."""
    found: dict[str, Any] = {}
    for name, values in sorted(fields.items()):
        match = _MEMBER.fullmatch(name)
        if match:
            found.setdefault(match[1], []).append(values[0])
        else:
            found[name] = values[0]
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unnamed("the request is not an object")
    return value
