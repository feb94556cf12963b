"""Orders and uploads: what a request says, who says it, and what is done about it."""

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import UNSET

from tagline.api.bucket import DataBucket
from tagline.api.changes_documents import FileAsked, OrderAsked, OrderGiven, Upload
from tagline.api.documents import LINK_SECONDS, Part
from tagline.api.problem import Problem, bad_request
from tagline.api.requests import MAX_JSON_BYTES, Request
from tagline.api.scopes import NOBODY
from tagline.formats.keys import MAX_LABELS_BYTES, MAX_SETTINGS_BYTES, DatasetKeys
from tagline.formats.list_lines import FUNCTION_LIST_BYTES
from tagline.formats.names import InvalidName, list_name
from tagline.formats.owners import owns_run
from tagline.planning.standing import DamagedChampion
from tagline.serving.endpoints import health
from tagline.serving.ordering import OrderRefused
from tagline.serving.orders import Given, Orders, champion_of, former_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

JSON = "application/json"
A = TypeVar("A", bound=Part)


def asked(request: Request, kind: type[A]) -> A:
    """Return what a JSON body asks, or raise a 400, 413 or 415 that says what is wrong."""
    if request.media_type != JSON:
        detail = f"Send JSON, with Content-Type: {JSON}."
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
    body = request.body()
    if len(body) > MAX_JSON_BYTES:
        raise bad_request("bad_json", f"The JSON may have {MAX_JSON_BYTES} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as exc:  # not only what is no JSON
        raise bad_request("bad_json", f"The JSON body is not as described: {exc}.") from exc


def caller(request: Request, auth: str, said: str | None) -> str:
    """Return who asks: the token's subject, the signer's ARN, or what the request says."""
    if auth == NOBODY:
        return said or "somebody (no sign-in)"
    return request.caller or "a caller without a name"


def give_order(
    orders: Orders, sagemaker: "SageMakerClient", dataset: str, order: OrderAsked, by: str
) -> OrderGiven:
    """Have an order carried out; raises a 400, or a 409 with the words that say why not."""
    if order.run is not UNSET and not owns_run(dataset, order.run):
        raise bad_request("bad_order", f"Run {order.run} is none of dataset {dataset}.")
    try:
        if order.kind == "redeploy":
            given = _bring_back(orders, sagemaker, dataset, order)
        else:
            given = _make_champion(orders, dataset, order, by)
    except OrderRefused as exc:
        raise Problem(HTTPStatus.CONFLICT, "order_refused", f"{exc}.") from exc
    except DamagedChampion as exc:
        raise Problem(HTTPStatus.CONFLICT, "damaged_champion", f"{exc}.") from exc
    return OrderGiven(
        dataset=dataset,
        kind=order.kind,
        run=given.run,
        execution=given.execution,
        instead_of=given.instead_of,
        by=by,
        why=given.order.why if given.order else None,
    )


def _bring_back(
    orders: Orders, sagemaker: "SageMakerClient", dataset: str, order: OrderAsked
) -> Given:
    champion = champion_of(orders.bucket, dataset)
    if order.run not in {UNSET, champion.run}:
        raise bad_request("bad_order", f"The champion is {champion.run}; redeploy needs no run.")
    if health(sagemaker, champion).serves:
        detail = "The champion serves: nothing was started."
        raise Problem(HTTPStatus.CONFLICT, "serving", detail)
    return orders.bring_back(champion)


def _make_champion(orders: Orders, dataset: str, order: OrderAsked, by: str) -> Given:
    if order.why is UNSET:
        detail = f"{order.kind} needs why: some words that stay with the champion."
        raise bad_request("bad_order", detail)
    if order.kind == "promote":
        if order.run is UNSET:
            raise bad_request("bad_order", "promote needs run: which one is to serve.")
        return orders.make_champion(order.run, "promote", by=by, why=order.why)
    former = former_of(orders.bucket, dataset, order.run or None)
    return orders.make_champion(former, "rollback", by=by, why=order.why)


def take_upload(bucket: DataBucket, dataset: str, file: FileAsked) -> Upload:
    """Return where a file may be sent, or raise a 400 for a name or a size that is none."""
    keys = DatasetKeys(dataset)
    if file.kind == "list":
        if file.name is UNSET:
            raise bad_request("bad_name", "A list needs a name.")
        try:
            key, most = f"{keys.lists}{list_name(file.name)}", FUNCTION_LIST_BYTES
        except InvalidName as exc:
            raise bad_request("bad_name", f"{exc}.") from exc
    elif file.kind == "labels":
        key, most = keys.labels, MAX_LABELS_BYTES
    else:
        key, most = keys.settings, MAX_SETTINGS_BYTES
    if file.bytes > most:
        raise bad_request("too_large", f"{key} may have {most:,} bytes.")
    return Upload(
        s3_uri=bucket.uri(key),
        url=bucket.upload_link(key, file.bytes, LINK_SECONDS),
        name=key.rpartition("/")[2],
        bytes=file.bytes,
    )
