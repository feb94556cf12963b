"""The functions' environment variables, as templates/ set them: read once, typed."""

import functools
import os


class WrongEnvironment(RuntimeError):
    """An environment variable is missing or cannot be used; the message names it."""


class Environment:
    """Each variable on first use; raises WrongEnvironment for one that is missing or wrong."""

    @functools.cached_property
    def data_bucket(self) -> str:
        """Name of the data bucket."""
        return _required("DATA_BUCKET")

    @functools.cached_property
    def source_buckets(self) -> frozenset[str]:
        """Names of the other buckets that lists may read images from; may be empty."""
        names = os.environ.get("SOURCE_BUCKETS", "").split(",")
        return frozenset(name.strip() for name in names) - {""}

    @functools.cached_property
    def source_requester_pays(self) -> bool:
        """Whether this account pays for what is read of the source buckets."""
        return os.environ.get("SOURCE_REQUESTER_PAYS", "") == "true"

    @functools.cached_property
    def stack(self) -> str:
        """Name of the stack."""
        return _required("STACK_NAME")

    @functools.cached_property
    def api_auth(self) -> str:
        """How the HTTP API knows its callers: none, iam or jwt."""
        return _required("API_AUTH")

    @functools.cached_property
    def api_open_changes(self) -> bool:
        """Whether anybody may give orders and drop lists where the API asks nobody who calls."""
        return os.environ.get("API_OPEN_CHANGES", "") == "true"

    @functools.cached_property
    def jwt_issuer(self) -> str:
        """Issuer of the callers' tokens; empty where the API asks for none."""
        return os.environ.get("JWT_ISSUER", "")

    @functools.cached_property
    def jwt_client_id(self) -> str:
        """The issuer's name for the page; empty where the page asks it for no token."""
        return os.environ.get("JWT_CLIENT_ID", "")

    @functools.cached_property
    def jwt_scopes(self) -> str:
        """What the page asks for, with spaces between; empty for all that it may have."""
        return os.environ.get("JWT_SCOPES", "")

    @functools.cached_property
    def state_machine(self) -> str:
        """ARN of the state machine."""
        return _required("STATE_MACHINE_ARN")

    @functools.cached_property
    def batch_machine(self) -> str:
        """ARN of the state machine that tags batches."""
        return _required("BATCH_MACHINE_ARN")

    @functools.cached_property
    def alerts_topic(self) -> str:
        """ARN of the topic that failures are told on."""
        return _required("ALERTS_TOPIC_ARN")

    @functools.cached_property
    def trainer_image(self) -> str:
        """URI of the image that trains and evaluates."""
        return _required("TRAINER_IMAGE")

    @functools.cached_property
    def torch_trainer_image(self) -> str:
        """URI of the image that trains with PyTorch; empty where the stack has none."""
        return os.environ.get("TORCH_TRAINER_IMAGE", "")

    @functools.cached_property
    def script_image(self) -> str:
        """URI of the image that runs people's own scripts; empty where the stack has none."""
        return os.environ.get("SCRIPT_IMAGE", "")

    @functools.cached_property
    def recommender_image(self) -> str:
        """URI of the image that trains on ratings, and evaluates what it trained."""
        return _required("RECOMMENDER_IMAGE")

    @functools.cached_property
    def server_image(self) -> str:
        """URI of the image that serves."""
        return _required("SERVER_IMAGE")

    @functools.cached_property
    def sagemaker_role(self) -> str:
        """ARN of the role that jobs run as."""
        return _required("SAGEMAKER_ROLE_ARN")

    @functools.cached_property
    def training_instance_type(self) -> str:
        """Instance type of training jobs, unless dataset.yaml names one."""
        return _required("TRAINING_INSTANCE_TYPE")

    @functools.cached_property
    def evaluation_instance_type(self) -> str:
        """Instance type of evaluation jobs."""
        return _required("EVALUATION_INSTANCE_TYPE")

    @functools.cached_property
    def endpoint_instance_type(self) -> str:
        """Instance type of endpoints, unless dataset.yaml names one."""
        return _required("ENDPOINT_INSTANCE_TYPE")

    @functools.cached_property
    def endpoint_instance_count(self) -> int:
        """Instances of an endpoint, unless dataset.yaml says how many."""
        return _count("ENDPOINT_INSTANCE_COUNT")

    @functools.cached_property
    def endpoint_bake_seconds(self) -> int:
        """Seconds that the fleet before stays after an update, unless dataset.yaml says."""
        return _count("ENDPOINT_BAKE_SECONDS")

    @functools.cached_property
    def allowed_instance_types(self) -> frozenset[str]:
        """Instance types that jobs and endpoints may have."""
        return frozenset(name.strip() for name in _required("ALLOWED_INSTANCE_TYPES").split(","))

    @functools.cached_property
    def most_trials(self) -> int:
        """Trials that a search may have."""
        return _count("MOST_TRIALS")

    @functools.cached_property
    def most_instances(self) -> int:
        """Instances that a search or an endpoint may have at a time."""
        return _count("MOST_INSTANCES")

    @functools.cached_property
    def log_retention_days(self) -> int:
        """Days that logs are kept."""
        return _count("LOG_RETENTION_DAYS")

    @functools.cached_property
    def signing_key(self) -> str:
        """ARN of the key that signs what goes to devices."""
        return _required("SIGNING_KEY_ARN")

    @functools.cached_property
    def jobs_role(self) -> str:
        """ARN of the role that the links in IoT jobs' documents are signed as."""
        return _required("JOBS_ROLE_ARN")

    @functools.cached_property
    def edge_result_days(self) -> int:
        """Days that devices' results are kept."""
        return _count("EDGE_RESULT_DAYS")

    @functools.cached_property
    def plan_in_task_above(self) -> int:
        """The most rows that a function plans; 0: a container task plans all lists."""
        return _count("PLAN_IN_TASK_ABOVE", least=0)

    @functools.cached_property
    def function_memory(self) -> int:
        """Bytes of memory of this function, as Lambda says."""
        return _count("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") << 20

    @functools.cached_property
    def runs_at_once(self) -> int:
        """The most runs of the stack that go on at once."""
        return _count("RUNS_AT_ONCE")

    @functools.cached_property
    def batches_at_once(self) -> int:
        """The most batches of the stack that go on at once."""
        return _count("BATCHES_AT_ONCE")

    @functools.cached_property
    def dataset_runs_at_once(self) -> int:
        """The most runs of one dataset that go on at once."""
        return _count("DATASET_RUNS_AT_ONCE")


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise WrongEnvironment(
            f"environment variable {name} is not set: the function's template must set it"
        )
    return value


def _count(name: str, least: int = 1) -> int:
    text = _required(name)
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise WrongEnvironment(
            f"environment variable {name}: a number from {least}, not {text[:40]!r}"
        )
    return int(text)


@functools.cache
def environment() -> Environment:
    """Return this process's environment."""
    return Environment()
