"""A person makes a run the champion: what is refused, what the flow goes by, what is kept."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from tagline.aws.s3 import Bucket
from tagline.cli import rollback as rollback_module
from tagline.cli.main import app
from tagline.cli.ordering import ending_of, show
from tagline.cli.target import Target
from tagline.formats.names import ORDERED, RESTORING, order_name, restoring_name
from tagline.formats.outcomes import Ending, Order, Outcome
from tagline.formats.steps import (
    ChampionEvent,
    Comparison,
    OrderAnswer,
    OutcomeEvent,
    RollBackAnswer,
    Served,
    Won,
)
from tagline.outcomes.endings import RunEnded, record_champion, record_outcome
from tagline.serving.ordering import OrderRefused, find_artifact, take_order
from tests.unit.cli_stack import stack
from tests.unit.documents import OTHER, RUN, champion, metrics, plan, status
from tests.unit.flow_world import BUCKET, PREFIX, STATE, Account, account, call

__all__ = ["stack"]
runner = CliRunner()
ORDER = Order(kind="promote", by="me", why="it knows rings", at="2026-11-12T00:00:00Z")
BACK = Order(kind="rollback", by="me", why="no rings", at="2026-11-12T00:00:00Z")
MODEL = "demo/output/tagline--0123456789abcdef-train-0{}0/output/model.tar.gz"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        made.put(f"{PREFIX}plan.json", plan())
        made.put(f"{PREFIX}metrics.json", metrics(0.6, 0.5))
        made.put(f"{PREFIX}smoke.json", {})
        made.put(f"{PREFIX}status.json", status(outcome="NotPromoted"))
        made.put(MODEL.format(0), {})
        yield made


@pytest.fixture
def bucket(world: Account) -> Bucket:
    return Bucket(world.s3, BUCKET)


def taken(bucket: Bucket, order: Order = ORDER) -> OrderAnswer:
    return take_order(bucket, RUN, order, "tagline")


def test_the_flow_is_told_what_an_evaluation_would_have_told(
    world: Account, bucket: Bucket
) -> None:
    etag = world.put("demo/champion.json", champion())
    world.put(f"{PREFIX}decision.json", {"format": 1, "promote": False, "reason": "luck",
              "challenger_map": 0.6, "champion_map": 0.5})  # fmt: skip
    sent = STATE | {"order": {"kind": "promote", "by": "me", "why": "it knows rings", "at": "t"}}
    answer = call("take_order", sent)
    artifact = f"s3://{BUCKET}/{MODEL.format(0)}"
    assert answer["evaluation"] == {
        "artifact": artifact, "champion_run": OTHER, "champion_etag": etag,
    }  # fmt: skip
    decision = answer["decision"]
    assert (decision["promote"], decision["challenger_map"]) == (True, 0.6)
    assert decision["order"] == sent["order"]
    assert decision["reason"] == (
        "me promoted it over the gate: it knows rings (the gate had said: luck)"
    )


@pytest.mark.parametrize("missing", ["metrics.json", "smoke.json"])
def test_a_run_without_an_evaluated_model_is_refused(
    world: Account, bucket: Bucket, missing: str
) -> None:
    world.s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}{missing}")
    with pytest.raises(OrderRefused, match="has no evaluated model"):
        taken(bucket)


def test_a_model_that_is_gone_is_refused(world: Account, bucket: Bucket) -> None:
    world.s3.delete_object(Bucket=BUCKET, Key=MODEL.format(0))
    with pytest.raises(OrderRefused, match="is gone"):
        taken(bucket)


def test_the_champion_is_refused(world: Account, bucket: Bucket) -> None:
    world.put("demo/champion.json", champion(run=RUN))
    with pytest.raises(OrderRefused, match="is the champion already"):
        taken(bucket)


@pytest.mark.parametrize("outcome", ["NotPromoted", "RolledBack", "Superseded", "Failed"])
def test_nobody_goes_back_to_a_run_that_never_was_champion(
    world: Account, bucket: Bucket, outcome: str
) -> None:
    world.put(f"{PREFIX}status.json", status(outcome=outcome))
    assert taken(bucket).evaluation.champion_run is None
    with pytest.raises(OrderRefused, match=f"tagline promote {RUN}"):
        taken(bucket, BACK)
    world.put(f"{PREFIX}status.json", status(outcome="Promoted"))
    assert taken(bucket, BACK).decision.reason == "me rolled back to it: no rings"


def test_the_last_attempts_model_or_the_best_trials_is_taken(
    world: Account, bucket: Bucket
) -> None:
    for number in (1, 2):
        world.put(MODEL.format(number), {})
    world.put("demo/output/tagline--0123456789abcdef-train-030/output/other", {})
    assert find_artifact(bucket, RUN, "tagline") == f"s3://{BUCKET}/{MODEL.format(2)}"
    trials = {"tuning_job": "t", "metric": "m", "best": "t-000-1", "trials": []}
    world.put(f"{PREFIX}trials.json", {"format": 1} | trials)
    for number in (1, 10):
        world.put(f"demo/output/t-000-{number}/output/model.tar.gz", {})
    best = f"s3://{BUCKET}/demo/output/t-000-1/output/model.tar.gz"
    assert find_artifact(bucket, RUN, "tagline") == best


def test_what_serves_goes_before_what_was_trained(world: Account, bucket: Bucket) -> None:
    served = MODEL.format(1).replace("/output/model", "/served/model")
    for key in (served, MODEL.format(1), MODEL.format(2)):
        world.put(key, {})
    assert find_artifact(bucket, RUN, "tagline") == f"s3://{BUCKET}/{served}"


@pytest.mark.parametrize("last", ["0100", "100", "090"])
def test_attempts_are_ordered_by_when_they_ended(
    world: Account, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    name = "demo/output/tagline--0123456789abcdef-train-{}/output/model.tar.gz"
    items = [
        {
            "Key": name.format(number),
            "LastModified": datetime(2026, 11, 12, number == last, tzinfo=UTC),
        }
        for number in ("090", "0100", "100")
    ]
    monkeypatch.setattr(Bucket, "objects", lambda *_: iter(items))
    found = find_artifact(bucket, RUN, "tagline")
    assert found == f"s3://{BUCKET}/{name.format(last)}"


def won(etag: str | None, order: Order | None) -> ChampionEvent:
    return ChampionEvent(
        bucket=BUCKET,
        run=RUN,
        evaluation=Comparison(artifact="s3://a/b", champion_run=OTHER, champion_etag=etag),
        decision=Won(challenger_map=0.6, reason="me: it knows rings", order=order),
        deployment=Served(endpoint="tagline--demo-50876c98a6b2"),
        model="m-0",
        endpoint_config="c-0",
    )


def test_who_ordered_it_and_why_stays_with_the_champion_and_the_run(
    world: Account, bucket: Bucket
) -> None:
    etag = world.put("demo/champion.json", champion())
    with pytest.raises(RunEnded):
        record_champion(won(etag, None), bucket)
    for _ in range(2):  # the second is a repeat after a crash
        record_champion(won(etag, ORDER), bucket)
    found = world.get("demo/champion.json")
    assert (found["run"], found["previous"]) == (RUN, OTHER)
    ended = world.get(f"{PREFIX}status.json")
    assert (ended["outcome"], ended["reason"]) == ("Promoted", "me: it knows rings")
    assert found["order"]["by"] == ended["order"]["by"] == "me"
    assert world.get("demo/latest.json")["outcome"] == "Promoted"


def test_an_order_that_came_to_nothing_leaves_the_runs_ending(
    world: Account, bucket: Bucket
) -> None:
    world.put("demo/champion.json", champion())
    rollback = RollBackAnswer(
        action="keep", endpoint="e", endpoint_config="c", state="SmokeTest", reason="SmokeTest: off"
    )
    decision: Any = taken(bucket).decision
    event = OutcomeEvent(bucket=BUCKET, run=RUN, started="t", order=ORDER, rollback=rollback,
                         decision=None)  # fmt: skip
    assert decision.promote
    ending = record_outcome(event, bucket)
    assert (ending.outcome, ending.reason) == (Outcome.ROLLED_BACK, "SmokeTest: off")
    assert world.get(f"{PREFIX}status.json")["outcome"] == "NotPromoted"


def test_names_of_orders_and_of_what_brings_back_after_them_fit_and_tell_their_run() -> None:
    run = f"{'d' * 40}-0123456789abcdef"
    name = order_name(run, 17957184161)
    assert len(name) <= 80
    ordered = ORDERED.fullmatch(name)
    assert ordered
    assert (ordered["run"], ordered["given"]) == (run, "17957184161")
    restoring = restoring_name(run, 179571841611)
    assert len(restoring) <= 80
    assert RESTORING.fullmatch(restoring)
    assert not RESTORING.fullmatch(name)


@pytest.mark.usefixtures("stack")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "demo-0123456789abcdef", "--why", " "], "why is empty"),
        (["promote", "demo-0123456789abcdef", "--why", "x" * 501], "why has 501 characters"),
        (["promote", "demo-0123456789abcdef", "--why", "x"], "has no evaluated model"),
        (["promote", "demo", "--why", "x"], "is not <dataset>-<16 hexadecimal digits>"),
        (["rollback", "demo"], "dataset demo has no champion"),
        (["redeploy", "demo"], "dataset demo has no champion"),
        (["redeploy", "a/b"], "dataset 'a/b'"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_starts(
    arguments: list[str], said: str
) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 1
    assert said in " ".join(result.stderr.split())


def test_a_first_champion_has_none_before_it(stack: Target) -> None:
    body = json.dumps({"format": 1, **_plain_champion(previous=None)}).encode()
    stack.s3.put_object(Bucket=stack.bucket.name, Key="demo/champion.json", Body=body)
    result = runner.invoke(app, ["rollback", "demo"])
    assert "is the first champion" in result.stderr


@pytest.mark.parametrize(
    ("options", "terminal", "answer", "why"),
    [
        (["--why", "rings"], False, "", "rings"),
        (["--yes"], False, "", "no reason given"),
        ([], False, "y", None),
        ([], True, "n", None),
        ([], True, "y", "no reason given"),
    ],
)
def test_a_roll_back_without_a_reason_is_asked_for(
    stack: Target,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    terminal: bool,
    answer: str,
    why: str | None,
) -> None:
    former = "demo-0000000000000001"
    body = json.dumps({"format": 1, **_plain_champion(previous=former)}).encode()
    stack.s3.put_object(Bucket=stack.bucket.name, Key="demo/champion.json", Body=body)
    ordered: list[tuple[Any, ...]] = []
    monkeypatch.setattr(rollback_module, "order", lambda *given, **_: ordered.append(given[1:]))
    monkeypatch.setattr(rollback_module, "_can_ask", lambda: terminal)
    result = runner.invoke(app, ["rollback", "demo", *options], input=f"{answer}\n")
    assert ordered == ([(former, "rollback", why)] if why else [])
    assert result.exit_code == (0 if why else 1)
    assert ("--yes goes without a reason" in result.stderr) is (why is None and not terminal)


def _plain_champion(**changes: Any) -> dict[str, Any]:
    found = champion(**changes)
    return {name: getattr(found, name) for name in found.__struct_fields__}


def test_an_execution_that_failed_says_of_what() -> None:
    failed: Any = {"status": "FAILED", "error": "OrderRefused", "cause": "so"}
    assert ending_of(failed) == Ending(outcome=Outcome.FAILED, state="OrderRefused", reason="so")


def test_a_roll_back_that_came_about_is_told_from_a_promotion(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended: dict[str, object] = {"run": RUN, "outcome": "Promoted", "kind": "rollback"}
    show(ended, as_json=False)
    assert "Promoted, by a roll-back" in capsys.readouterr().out
    show(ended | {"kind": "promote"}, as_json=False)
    assert "by a roll-back" not in capsys.readouterr().out
    show(ended, as_json=True)
    assert json.loads(capsys.readouterr().out) == ended
