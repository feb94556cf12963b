"""What a recommender answers to users' histories, beside what they rated afterwards."""

import json
from collections.abc import Collection, Sequence

import msgspec
import numpy as np
from sagemaker.s3 import S3Downloader, S3Uploader

from tagline.formats.document import decode_lines, encode_record
from tagline.formats.recommending import Recommendations, RecommendRequest
from tagline.notebook.connection import Connection
from tagline.ranking.lists import FIRST, Lists


def upload(stack: Connection, histories: Sequence[Sequence[str]], folder: str) -> str:
    """Write a line a history, newest item last, below notebooks/<folder>/; return the file's URI.

    Each asks for ten items that are not in the history.
    """
    uri = f"s3://{stack.bucket}/{stack.session.default_bucket_prefix}/{folder}/histories.jsonl"
    lines = b"".join(encode_record(request(history)) for history in histories)
    return str(S3Uploader.upload_bytes(lines, uri, sagemaker_session=stack.session))


def request(history: Sequence[str], top_k: int = FIRST) -> RecommendRequest:
    """Return what an endpoint is asked for somebody's next items."""
    return RecommendRequest(items=tuple(history), exclude=tuple(history), top_k=top_k)


def answers(stack: Connection, output: str) -> list[list[str]]:
    """Return the items that a batch transform left for each history of `upload`, best first."""
    uri = f"{output.rstrip('/')}/histories.jsonl.out"
    text = S3Downloader.read_file(uri, sagemaker_session=stack.session)
    lines = text.encode().splitlines()
    return [items_of(found) for found in decode_lines(lines, Recommendations, uri)]


def items_of(answer: Recommendations | str | bytes) -> list[str]:
    """Return the items that are recommended, best first."""
    if not isinstance(answer, Recommendations):
        answer = msgspec.convert(json.loads(answer), Recommendations)
    return [one.item for one in answer.recommendations]


def judge(
    recommended: Sequence[Sequence[str]], relevant: Sequence[Collection[str]]
) -> dict[str, float]:
    """Return the means of NDCG@10 and recall@10 of lists, against what each user then rated."""
    hits = np.zeros((len(recommended), FIRST), np.bool_)
    for row, (items, wanted) in enumerate(zip(recommended, relevant, strict=True)):
        for place, item in enumerate(items[:FIRST]):
            hits[row, place] = item in wanted
    counts = np.array([len(wanted) for wanted in relevant], np.int64)
    lists = Lists(np.full(hits.shape, -1), hits, counts, np.full(len(hits), np.nan))
    return {"NDCG@10": float(lists.ndcg().mean()), "recall@10": float(lists.recall().mean())}
