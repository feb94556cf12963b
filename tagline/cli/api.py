"""A client for the HTTP API with nothing but the standard library."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tagline.api.documents import ImageLocation, Tags
from tagline.api.requests import MAX_BODY_BYTES
from tagline.cli.errors import Refused
from tagline.cli.patience import Patience
from tagline.cli.proof import Proof, no_proof
from tagline.cli.target import is_laptop
from tagline.formats.document import Record, UnreadableDocument, decode_record

S = TypeVar("S", bound=msgspec.Struct)
_TIMEOUT = 60  # seconds; the API's own limit is 30
_MAX_ANSWER_BYTES = 8 << 20
_BUSY = {429, 503}
_OF_DATASETS = {"unknown_dataset", "no_champion", "other_kind"}
_DIGITS = 6  # of a Retry-After, which may be a date as well: that is taken as none


class _Problem(Record, kw_only=True):
    """Of a problem document (RFC 9457), or of API Gateway's own, what people are told."""

    title: str | None = None
    message: str | None = None
    detail: str | None = None
    code: str | None = None


class ApiProblem(Refused):
    """The API refused or could not be asked; the message is one line."""


class ApiRefused(ApiProblem):
    """The API answered that it does not do what it was asked; `code` is the problem's name."""

    def __init__(self, message: str, code: str | None) -> None:
        super().__init__(message)
        self.code = code


class DatasetProblem(ApiRefused):
    """The API tags nothing for this dataset, whatever the image."""


class ApiBusy(ApiProblem):
    """The API, or the model behind it, is busy: asked later, it may answer."""

    def __init__(self, message: str, seconds: float | None) -> None:
        super().__init__(message)
        self.seconds = seconds
        """When to ask again; None where the API does not say."""


def ask_tags(
    api_url: str,
    dataset: str,
    image: str,
    *,
    threshold: float | None,
    top_k: int | None,
    patience: Patience | None = None,
    proof: Proof = no_proof,
) -> Tags:
    """Return the API's answer for a file or an s3:// URI; raises ApiProblem.

    An API that is busy is asked again as long as `patience` lasts; at once it is ApiBusy without.
    """
    if image.startswith("s3://"):
        kind, body = "application/json", msgspec.json.encode(ImageLocation(s3_uri=image))
    else:
        kind, body = read_image(Path(image))
    asked = {"threshold": threshold, "top_k": top_k}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    url = f"{api_url.rstrip('/')}/datasets/{quote(dataset)}/tags{f'?{query}' if query else ''}"
    return _patiently(lambda: _post(url, kind, body, Tags, proof), patience)


def _patiently(ask: Callable[[], S], patience: Patience | None) -> S:
    while True:
        try:
            answer = ask()
        except ApiBusy as exc:
            if patience is None or not patience.pause(exc.seconds):
                raise
        else:
            if patience is not None:
                patience.heard()
            return answer


def send(url: str, said: object, kind: type[S], patience: Patience, proof: Proof = no_proof) -> S:
    """Return what a POST of JSON answers; raises ApiProblem. A busy API is asked again."""
    body = msgspec.json.encode(said)
    return _patiently(lambda: _post(url, "application/json", body, kind, proof), patience)


def ask_for(url: str, kind: type[S], proof: Proof = no_proof) -> S:
    """Return what a GET answers; raises ApiProblem. `proof` is for a GET, too."""
    return _decode(_sent(url, {"Accept": "application/json"}, b"", proof, "GET"), kind)


def _post(url: str, content: str, body: bytes, kind: type[S], proof: Proof) -> S:
    headers = {"Content-Type": content, "Accept": "application/json"}
    return _decode(_sent(url, headers, body, proof, "POST"), kind)


def _sent(url: str, headers: Mapping[str, str], body: bytes, proof: Proof, method: str) -> bytes:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ApiProblem(f"{url} is no HTTP address")
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
        url, data=body or None, headers=dict(proof(url, headers, body)), method=method
    )
    # a proxy from the environment cannot reach this machine's own address
    handlers = [urllib.request.ProxyHandler({})] if is_laptop(url) else []
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            data: bytes = answer.read(_MAX_ANSWER_BYTES)
            return data
    except urllib.error.HTTPError as exc:
        if exc.code in _BUSY:
            raise ApiBusy(_said(exc, _told(exc)), _retry_after(exc)) from exc
        told = _told(exc)
        refused = DatasetProblem if told.code in _OF_DATASETS else ApiRefused
        raise refused(_said(exc, told), told.code) from exc
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as exc:
        raise ApiProblem(f"the API at {url} cannot be reached: {exc}") from exc


def _decode(data: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as exc:
        what = "tags or model" if kind is Tags else kind.__name__
        raise ApiProblem(f"the API's answer has no {what} as agreed: {exc}") from exc
    except ValueError as exc:
        raise ApiProblem(f"the API's answer is not JSON: {data[:100]!r}") from exc


def _told(error: urllib.error.HTTPError) -> _Problem:
    """Return the problem that an answer is."""
    data = error.read(64 << 10)
    try:
        return decode_record(data, _Problem, "the answer")
    except UnreadableDocument:
        return _Problem(title=error.reason, detail=data[:200].decode(errors="replace").strip())


def _said(error: urllib.error.HTTPError, told: _Problem) -> str:
    """Return a problem as one line."""
    title = told.title or told.message or error.reason
    return ": ".join(filter(None, (f"{error.code} {title}", told.detail)))


def _retry_after(error: urllib.error.HTTPError) -> float | None:
    told = error.headers.get("Retry-After", "").strip()
    return float(told) if told.isascii() and told.isdigit() and len(told) <= _DIGITS else None


def read_image(path: Path) -> tuple[str, bytes]:
    """Return an image's media type and its bytes; raises ApiProblem for what the API refuses."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BODY_BYTES + 1)
    except OSError as exc:
        raise ApiProblem(f"cannot be read: {exc.strerror}") from exc
    if len(body) > MAX_BODY_BYTES:
        raise ApiProblem(f"larger than {MAX_BODY_BYTES:,} bytes, the API's limit")
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", body
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", body
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp", body
    raise ApiProblem("not a PNG, JPEG or WebP image")
