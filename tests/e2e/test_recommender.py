"""Ratings in, recommendations out: the same flow, on the laptop cloud, for real."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tagline.designs.tastes import Tastes, draw_ratings
from tagline.formats.keys import DatasetKeys, RunKeys
from tagline.formats.names import run_name
from tagline.formats.ratings_keys import RatingsKeys
from tests.e2e.pipeline import Pipeline, unique

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
FILMS = unique("films")


def drop(pipeline: Pipeline, data: bytes) -> str:
    key = f"{RatingsKeys(FILMS).ratings}all.csv"
    answer = pipeline.put(key, data)
    return run_name(pipeline.bucket, key, answer["VersionId"], answer["ETag"])


def recommended(pipeline: Pipeline, **query: str) -> tuple[int, Any]:
    url = f"{pipeline.target.outputs.api_url}/datasets/{FILMS}/recommendations?{urlencode(query)}"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as exc:
        return exc.code, json.load(exc)


def test_ratings_become_a_recommender_that_bad_ratings_do_not_replace(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    ratings, items = tmp_path / "all.csv", tmp_path / "items.csv"
    drawn = draw_ratings(Tastes(users=150, items=60, each=20), ratings, items)
    pipeline.put(RatingsKeys(FILMS).items, items.read_bytes())
    quick = {"recommender": {"algorithm": "ease"}, "promotion": {"confidence": 0.5}}
    pipeline.put(DatasetKeys(FILMS).settings, json.dumps(quick).encode())
    first = pipeline.wait(drop(pipeline, ratings.read_bytes() + b"broken\n"))
    assert first.status["outcome"] == "Promoted", first.status
    assert first.status["reason"].startswith("NDCG@10 ")
    champion = pipeline.json(DatasetKeys(FILMS).champion)
    assert (champion["kind"], champion["metric"]) == ("ratings", "ndcg_at_10")
    packed = pipeline.json(RunKeys(first.name).packed_dataset)
    assert (packed["rows"], packed["rejected"]) == (drawn.ratings + 1, 1)

    broken = drop(pipeline, b"user,item,rating\n" + b"a,b,good\n" * 30)  # while it is asked
    user = next(iter(drawn.likes))
    status, known = recommended(pipeline, user=user, top_k="5")
    assert (status, known["basis"], known["model"]["run"]) == (200, "history", first.name)
    assert all(each["title"] for each in known["recommendations"])
    some = known["recommendations"][0]["item"]
    assert recommended(pipeline, user="new", items=f"{some},x")[1]["basis"] == "items"
    status, popular = recommended(pipeline, user="new")
    assert (status, popular["basis"]) == (200, "popularity")
    assert recommended(pipeline, top_k="none")[0] == 400
    clicked = pipeline.asked(f"{FILMS}/feedback", {"user": "new", "item": some})
    assert clicked.get("item") == some, clicked
    batch = pipeline.tag_batch(FILMS, [user, "new"], "who.txt")
    assert (batch["outcome"], batch["tagged"]) == ("Tagged", 2), batch
    refused = pipeline.wait(broken)
    assert refused.status["outcome"] == "Failed"
    assert "none of the 30 rows can be used: bad_rating 30" in refused.status["reason"]
    assert pipeline.json(DatasetKeys(FILMS).champion)["run"] == first.name
    assert recommended(pipeline, user=user, top_k="5")[1] == known
