"""POST /datasets/{dataset}/orders and /lists: who may, changes what serves and drops lists."""

import functools
from http import HTTPStatus

from tagline.api import clients
from tagline.api.boundary import http_api, reach_of
from tagline.api.bucket import DataBucket
from tagline.api.changes_documents import FileAsked, OrderAsked
from tagline.api.changing import asked, caller, give_order, take_upload
from tagline.api.problem import Answer, json_answer
from tagline.api.requests import Request
from tagline.aws.environment import environment
from tagline.aws.observability import logger
from tagline.serving.orders import Orders


@functools.cache
def bucket() -> DataBucket:
    """Return the data bucket."""
    return DataBucket(clients.s3(), environment().data_bucket)


@http_api
def handler(request: Request) -> Answer:
    """Carry out an order, or say where a file may be sent."""
    dataset, here = request.dataset(), environment()
    reach_of(request).require_change(dataset)
    if request.route == "POST /datasets/{dataset}/lists":
        upload = take_upload(bucket(), dataset, asked(request, FileAsked))
        by = caller(request, here.api_auth, None)
        logger.info("takes a file", key=upload.s3_uri, bytes=upload.bytes, by=by)
        return json_answer(upload, status=HTTPStatus.CREATED)
    order = asked(request, OrderAsked)
    by = caller(request, here.api_auth, order.who or None)
    orders = Orders(bucket(), clients.states(), here.state_machine, here.stack)
    given = give_order(orders, clients.sagemaker(), dataset, order, by)
    logger.info("an order was given", kind=given.kind, run=given.run, by=by)
    return json_answer(given, status=HTTPStatus.ACCEPTED)
