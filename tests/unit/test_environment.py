"""The functions' environment variables: each arrives where it belongs, a missing one is named."""

import functools

import pytest

from tagline.aws import clients
from tagline.aws.environment import Environment, WrongEnvironment, environment

READ_AS = {
    "data_bucket": "DATA_BUCKET",
    "source_buckets": "SOURCE_BUCKETS",
    "source_requester_pays": "SOURCE_REQUESTER_PAYS",
    "stack": "STACK_NAME",
    "api_auth": "API_AUTH",
    "api_open_changes": "API_OPEN_CHANGES",
    "jwt_issuer": "JWT_ISSUER",
    "jwt_client_id": "JWT_CLIENT_ID",
    "jwt_scopes": "JWT_SCOPES",
    "state_machine": "STATE_MACHINE_ARN",
    "batch_machine": "BATCH_MACHINE_ARN",
    "alerts_topic": "ALERTS_TOPIC_ARN",
    "trainer_image": "TRAINER_IMAGE",
    "torch_trainer_image": "TORCH_TRAINER_IMAGE",
    "script_image": "SCRIPT_IMAGE",
    "recommender_image": "RECOMMENDER_IMAGE",
    "server_image": "SERVER_IMAGE",
    "sagemaker_role": "SAGEMAKER_ROLE_ARN",
    "training_instance_type": "TRAINING_INSTANCE_TYPE",
    "evaluation_instance_type": "EVALUATION_INSTANCE_TYPE",
    "endpoint_instance_type": "ENDPOINT_INSTANCE_TYPE",
    "endpoint_instance_count": "ENDPOINT_INSTANCE_COUNT",
    "endpoint_bake_seconds": "ENDPOINT_BAKE_SECONDS",
    "allowed_instance_types": "ALLOWED_INSTANCE_TYPES",
    "most_trials": "MOST_TRIALS",
    "most_instances": "MOST_INSTANCES",
    "log_retention_days": "LOG_RETENTION_DAYS",
    "edge_result_days": "EDGE_RESULT_DAYS",
    "signing_key": "SIGNING_KEY_ARN",
    "jobs_role": "JOBS_ROLE_ARN",
    "plan_in_task_above": "PLAN_IN_TASK_ABOVE",
    "function_memory": "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "runs_at_once": "RUNS_AT_ONCE",
    "dataset_runs_at_once": "DATASET_RUNS_AT_ONCE",
    "batches_at_once": "BATCHES_AT_ONCE",
}
COUNTS = (
    *("endpoint_instance_count", "endpoint_bake_seconds", "most_trials", "most_instances"),
    *(
        "log_retention_days",
        "edge_result_days",
        "runs_at_once",
        "dataset_runs_at_once",
        "batches_at_once",
    ),
)
OTHERS = (
    "source_buckets",
    "torch_trainer_image",
    "script_image",
    *("jwt_issuer", "jwt_client_id", "jwt_scopes"),
    "source_requester_pays",
    "api_open_changes",
    "allowed_instance_types",
    *("plan_in_task_above", "function_memory"),
    *COUNTS,
)
TEXTS = set(READ_AS) - set(OTHERS)


def test_every_variable_is_known_here() -> None:
    made = {n for n, v in vars(Environment).items() if isinstance(v, functools.cached_property)}
    assert made == set(READ_AS)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_variable_arrives_and_a_missing_one_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in READ_AS.values():
        monkeypatch.setenv(variable, f"the {variable}")
    assert getattr(Environment(), name) == f"the {READ_AS[name]}"
    for empty in (True, False):
        monkeypatch.setenv(READ_AS[name], "") if empty else monkeypatch.delenv(READ_AS[name])
        with pytest.raises(WrongEnvironment, match=rf"{READ_AS[name]} is not set"):
            getattr(Environment(), name)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5", "²"])
def test_a_count_is_a_number_from_one(
    monkeypatch: pytest.MonkeyPatch, text: str, name: str
) -> None:
    monkeypatch.setenv(READ_AS[name], "12")
    assert getattr(Environment(), name) == 12
    monkeypatch.setenv(READ_AS[name], text)
    with pytest.raises(WrongEnvironment, match=f"{READ_AS[name]}.*{text}"):
        getattr(Environment(), name)


def test_instance_types_are_a_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_INSTANCE_TYPES", "ml.m5.large, ml.c5.large")
    assert Environment().allowed_instance_types == {"ml.m5.large", "ml.c5.large"}
    monkeypatch.delenv("ALLOWED_INSTANCE_TYPES")
    with pytest.raises(WrongEnvironment, match="ALLOWED_INSTANCE_TYPES is not set"):
        assert Environment().allowed_instance_types


def test_source_buckets_may_be_none_or_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_BUCKETS", " pictures, more-pictures,")
    assert Environment().source_buckets == {"pictures", "more-pictures"}
    monkeypatch.delenv("SOURCE_BUCKETS")
    assert Environment().source_buckets == set()


def test_the_environment_is_read_once_until_it_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clients.forget()
    monkeypatch.setenv("STACK_NAME", "first")
    assert environment().stack == "first"
    monkeypatch.setenv("STACK_NAME", "second")
    assert environment().stack == "first"
    clients.forget()
    assert environment().stack == "second"
    clients.forget()
