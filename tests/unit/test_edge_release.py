"""A champion's way to devices: planned, signed, sent; tried again; refused before anything goes."""

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tagline.aws import clients
from tagline.aws.s3 import Bucket
from tagline.edge import packaging
from tagline.edge.errors import NotReleased
from tagline.edge.releasing import Services, release
from tagline.formats.document import decode_record
from tagline.formats.edge import EdgeOrder, EdgePackage, EdgeRelease, EdgeUpdate
from tagline.formats.edge_settings import EdgeSettings
from tagline.formats.outcomes import Champion, Newest
from tagline.formats.steps import PackagedVersion, ReleaseEvent
from tagline.planning.sent import devices_wait
from tests.unit.documents import RUN, champion, packed_dataset, plan
from tests.unit.flow_world import BUCKET, PREFIX, STATE, Account, account, call

VERSION = "1.261127.42210"
CREATED = "2026-11-27T11:43:30Z"
FOLDER = f"demo/edge/{VERSION}/"
ZIP = b"an archive"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
ROLE = "arn:aws:iam::123456789012:role/jobs"
EVENT = ReleaseEvent(bucket=BUCKET, run=RUN, packaging=PackagedVersion(version=VERSION))


class Kms:
    """One key."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, **asked: Any) -> dict[str, bytes]:
        assert (asked["KeyId"], asked["MessageType"]) == (KEY, "RAW")
        assert asked["SigningAlgorithm"] == "ECDSA_SHA_256"
        return {"Signature": self.key.sign(asked["Message"], ec.ECDSA(hashes.SHA256()))}


class Greengrass:
    """Keeps components and deployments, as far as a release asks for them; `broken` fails once."""

    class exceptions:  # noqa: N801 - as a client has it
        """A client's."""

        class ConflictException(Exception):
            """A version is there."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self.deployments: dict[str, list[dict[str, Any]]] = {}
        self.broken = ""
        self.states: list[str] = []

    def _break(self, at: str) -> None:
        if self.broken == at:
            self.broken = ""
            raise ConnectionError(at)

    def create_component_version(self, **asked: Any) -> dict[str, Any]:
        recipe, token = json.loads(asked["inlineRecipe"]), asked["clientToken"]
        name, version = recipe["ComponentName"], recipe["ComponentVersion"]
        arn = f"arn:aws:greengrass:us-east-1:123456789012:components:{name}:versions:{version}"
        found = self.components.setdefault(arn, {"recipe": recipe, "token": token})
        if found["token"] != token:
            raise self.exceptions.ConflictException
        self._break("component")
        return {"arn": arn}

    def get_component(self, arn: str, **asked: Any) -> dict[str, Any]:
        assert asked == {"recipeOutputFormat": "JSON"}
        return {"recipe": json.dumps(self.components[arn]["recipe"]).encode()}

    def describe_component(self, arn: str) -> dict[str, Any]:
        state = self.states.pop(0) if self.states else "DEPLOYABLE"
        return {"arn": arn, "status": {"componentState": state, "message": "no artifact"}}

    def list_deployments(self, **asked: Any) -> dict[str, Any]:
        assert asked["historyFilter"] == "LATEST_ONLY"
        return {"deployments": self.deployments.get(asked["targetArn"], [])[-1:]}

    def get_deployment(self, **asked: str) -> dict[str, Any]:
        every = (each for found in self.deployments.values() for each in found)
        return next(each for each in every if {"deploymentId": each["deploymentId"]} == asked)

    def create_deployment(self, **asked: Any) -> dict[str, Any]:
        made = self.deployments.setdefault(asked["targetArn"], [])
        again = next((d for d in made if d["clientToken"] == asked["clientToken"]), None)
        found = again or {**asked, "deploymentId": f"d{len(made)}"}
        if again is None:
            made.append(found)
        self._break(asked["targetArn"].rpartition("/")[2])
        return found


class Jobs:
    """AWS IoT's jobs, as far as a release asks for them."""

    class exceptions:  # noqa: N801 - as a client has it
        """A client's."""

        class ResourceAlreadyExistsException(Exception):
            """A job is there."""

        class ResourceNotFoundException(Exception):
            """A thing group is not there."""

    def __init__(self, *others: str) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.others, self.cancelled = others, list[str]()

    def describe_thing_group(self, **asked: str) -> dict[str, str]:
        name = asked["thingGroupName"]
        if name not in ("sorters", "belts"):
            raise self.exceptions.ResourceNotFoundException
        return {"thingGroupArn": f"arn:aws:iot:eu-west-1:123456789012:thinggroup/{name}"}

    def create_job(self, **asked: Any) -> None:
        if asked["jobId"] in self.jobs:
            raise self.exceptions.ResourceAlreadyExistsException
        self.jobs[asked["jobId"]] = asked

    def get_job_document(self, **asked: str) -> dict[str, str]:
        return {"document": self.jobs[asked["jobId"]]["document"]}

    def get_paginator(self, _name: str) -> "Jobs":
        return self

    def paginate(self, **asked: str) -> list[dict[str, Any]]:
        assert asked == {"thingGroupName": "sorters", "status": "IN_PROGRESS"}
        return [{"jobs": [{"jobId": job} for job in (*self.jobs, *self.others)]}]

    def cancel_job(self, **asked: Any) -> None:
        self.cancelled.append(asked["jobId"])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch) as made:
        made.put("demo/champion.json", ours())
        made.put("demo/newest.json", newest(targets=("sorters", "belts")))
        made.put(f"{PREFIX}plan.json", plan())
        made.put(f"{PREFIX}dataset.json", packed_dataset())
        yield made


def ours(**more: Any) -> Champion:
    made = "tagline--0123456789abcdef"
    own = {"run": RUN, "model": f"{made}-model-0", "endpoint_config": f"{made}-config-0"}
    return champion(**own, created=CREATED, **more)


def newest(**edge: Any) -> Newest:
    return Newest(run=RUN, started=CREATED, thresholds={"a": 0.4}, edge=EdgeSettings(**edge))


def order(**more: Any) -> EdgeOrder:
    known = {"dataset": "demo", "version": VERSION, "run": RUN, "created": CREATED}
    return EdgeOrder(**{**known, "targets": ("sorters", "belts"), **more})


def package(world: Account, asked: EdgeOrder, data: bytes = ZIP) -> Services:
    """Lay out what packaging leaves; return services with both thing groups."""
    world.put(f"{FOLDER}order.json", asked)
    digest = hashlib.sha256(data).hexdigest()
    known: dict[str, Any] = {"dataset": "demo", "version": VERSION, "run": RUN}
    known["precision"] = "fp32"
    world.put(f"{FOLDER}package.json", EdgePackage(**known, sha256=digest, bytes=len(data)))
    world.s3.put_object(Bucket=BUCKET, Key=f"{FOLDER}model.zip", Body=ZIP)
    return Services(kms=Kms(), iot=Jobs(), greengrass=Greengrass(), key=KEY, jobs_role=ROLE)


def bucket() -> Bucket:
    return Bucket(clients.s3(), BUCKET)


def released() -> EdgeRelease:
    return bucket().read(f"{FOLDER}release.json", EdgeRelease)


def test_the_champion_of_this_moment_is_planned_by_the_newest_settings(world: Account) -> None:
    world.put("demo/newest.json", newest(targets=("sorters",), int8=True, by="jobs"))
    answer = call("plan_package", STATE)
    assert answer["version"] == VERSION
    assert answer["job_name"] == "tagline--0123456789abcdef-edge-1-261127-42210"
    inputs = {each["InputName"] for each in answer["request"]["ProcessingInputs"]}
    assert inputs == {
        *("order", "model", "metrics", "card", "smoke", "dataset", "validation", "test")
    } - ({"test"} if not packed_dataset().test else set())
    (output,) = answer["request"]["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["S3Uri"] == f"s3://data/{FOLDER.rstrip('/')}"
    assert bucket().read(f"{FOLDER}order.json", EdgeOrder) == order(
        targets=("sorters",), int8=True, by="jobs", thresholds={"a": 0.4}
    )


def test_without_int8_no_image_is_read(world: Account) -> None:
    inputs = call("plan_package", STATE)["request"]["ProcessingInputs"]
    assert {each["InputName"] for each in inputs} == {"order", "model", "metrics", "card", "smoke"}


def test_a_release_is_signed_and_deployed_with_roll_back(world: Account) -> None:
    services = package(world, order())
    answer = release(EVENT, bucket(), services)
    assert answer.targets == ("sorters", "belts")
    assert answer.reason == f"version {VERSION}, fp32, went to sorters, belts by Greengrass"
    found = released()
    said = json.loads(found.statement)
    assert said["sha256"] == hashlib.sha256(ZIP).hexdigest()
    public = services.kms.key.public_key()
    signature = base64.b64decode(found.signature)
    public.verify(signature, found.statement.encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signature, found.statement.encode() + b" ", ec.ECDSA(hashes.SHA256()))
    for (deployment,) in services.greengrass.deployments.values():
        assert deployment["deploymentPolicies"]["failureHandlingPolicy"] == "ROLLBACK"
        ours = deployment["components"]["com.tagline.demo"]
        assert ours["componentVersion"] == VERSION
        assert "/signature" in ours["configurationUpdate"]["reset"]
    assert release(EVENT, bucket(), services) == answer  # nothing is done twice
    assert [len(made) for made in services.greengrass.deployments.values()] == [1, 1]


@pytest.mark.parametrize("broken", ["component", "sorters", "belts"])
def test_a_release_that_broke_off_goes_on_where_it_was(world: Account, broken: str) -> None:
    services = package(world, order())
    services.greengrass.broken = broken
    with pytest.raises(ConnectionError):
        release(EVENT, bucket(), services)
    assert bucket().get(f"{FOLDER}release.json", EdgeRelease) is None
    release(EVENT, bucket(), services)
    (component,) = services.greengrass.components.values()
    default = component["recipe"]["ComponentConfiguration"]["DefaultConfiguration"]
    assert (default["statement"], default["signature"]) == (
        released().statement,
        released().signature,
    )
    assert [len(made) for made in services.greengrass.deployments.values()] == [1, 1]


def test_a_component_that_aws_does_not_take_is_told(
    world: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = package(world, order())
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    services.greengrass.states = ["REQUESTED", "FAILED"]
    with pytest.raises(NotReleased, match="is FAILED: no artifact"):
        release(EVENT, bucket(), services)
    assert (len(waited), services.greengrass.deployments) == (1, {})


def test_a_version_of_another_archive_is_refused(world: Account) -> None:
    services = package(world, order())
    release(EVENT, bucket(), services)
    (component,) = services.greengrass.components.values()
    default = component["recipe"]["ComponentConfiguration"]["DefaultConfiguration"]
    default["statement"] = default["statement"].replace('"bytes":10', '"bytes":11')
    world.s3.delete_object(Bucket=BUCKET, Key=f"{FOLDER}release.json")
    with pytest.raises(NotReleased, match="is there already and is of another archive"):
        release(EVENT, bucket(), services)


def test_what_others_deployed_to_a_group_stays(world: Account) -> None:
    services = package(world, order(targets=("sorters",)))
    arn = services.iot.describe_thing_group(thingGroupName="sorters")["thingGroupArn"]
    theirs = {
        "com.other": {"componentVersion": "1.0.0"},
        "com.tagline.demo": {
            "componentVersion": "1.0.0",
            "configurationUpdate": {"merge": '{"source":"rtsp://x"}', "reset": ["/version"]},
        },
    }
    services.greengrass.create_deployment(
        targetArn=arn, components=theirs, deploymentName="theirs", clientToken="t"
    )
    release(EVENT, bucket(), services)
    made = services.greengrass.deployments[arn][-1]
    assert made["deploymentName"] == "theirs"
    assert made["components"]["com.other"] == theirs["com.other"]
    ours = made["components"]["com.tagline.demo"]
    assert ours["configurationUpdate"]["merge"] == '{"source":"rtsp://x"}'


def test_a_group_that_does_not_exist_is_named_and_nothing_goes_out(world: Account) -> None:
    services = package(world, order(targets=("sorters", "sortres", "bins")))
    with pytest.raises(NotReleased, match=r"thing groups sortres, bins do not exist, so nothing"):
        release(EVENT, bucket(), services)
    assert (services.greengrass.components, services.greengrass.deployments) == ({}, {})


def test_an_archive_that_was_changed_is_not_signed(world: Account) -> None:
    services = package(world, order(), data=b"another")
    with pytest.raises(NotReleased, match=r"model\.zip is not what was packaged"):
        release(EVENT, bucket(), services)


def test_by_jobs_a_device_gets_a_link_the_statement_and_the_signature(world: Account) -> None:
    services = package(world, order(targets=("sorters",), by="jobs"))
    iot = Jobs("tagline-demo-0123456789ab", "tagline-other-0123456789ab", "of-somebody")
    services = Services(**{**vars(services), "iot": iot})
    for _ in range(2):  # the second finds the job
        release(EVENT, bucket(), services)
        world.s3.delete_object(Bucket=BUCKET, Key=f"{FOLDER}release.json")
    ((name, job),) = iot.jobs.items()
    assert iot.cancelled == ["tagline-demo-0123456789ab"] * 2
    update = decode_record(job["document"].encode(), EdgeUpdate, "it")
    assert update.url == (
        f"${{aws:iot:s3-presigned-url:https://s3.eu-west-1.amazonaws.com/data/{FOLDER}model.zip}}"
    )
    assert (update.operation, update.version) == ("tagline-update", VERSION)
    assert job["presignedUrlConfig"]["roleArn"] == ROLE
    assert (len(name) <= 64, job["targetSelection"]) == (True, "CONTINUOUS")
    iot.jobs[name]["document"] = msgspec.json.encode(
        msgspec.structs.replace(update, statement="another")
    ).decode()
    with pytest.raises(NotReleased, match=f"job {name} is there already"):
        release(EVENT, bucket(), services)


FAILED = {"Error": "NotReleased", "Cause": '{"errorMessage":"no","errorType":"NotReleased"}'}
WENT = {"version": VERSION, "targets": ["sorters"], "reason": "went to sorters"}


@pytest.mark.parametrize(
    ("held", "released_", "reason"),
    [
        ({"edge": WENT}, True, "why"),
        ({"edge_error": FAILED}, False, "why; not sent to devices: no"),
    ],
)
def test_a_promotion_stands_whether_or_not_it_reaches_devices(
    world: Account, held: dict[str, Any], released_: bool, reason: str
) -> None:
    world.put("demo/champion.json", ours(reason="why"))
    state = STATE | {"packaging": {"version": VERSION}, "champion": {"run": RUN}, **held}
    assert call("record_outcome", state) == {
        "outcome": "Promoted",
        "state": "RecordChampion",
        "reason": reason,
    }
    told = world.get(f"{PREFIX}status.json")["edge"]
    assert (told["released"], told["version"]) == (released_, VERSION)


def test_an_order_tells_of_devices_in_the_status_that_is_there(world: Account) -> None:
    world.put("demo/champion.json", ours(reason="ordered"))
    state = STATE | {"champion": {"run": RUN}}
    call("record_outcome", state)
    assert "edge" not in world.get(f"{PREFIX}status.json")
    call("record_outcome", state | {"packaging": {"version": VERSION}, "edge": WENT})
    told = world.get(f"{PREFIX}status.json")
    assert (told["outcome"], told["edge"]["targets"]) == ("Promoted", ["sorters"])


def went(world: Account, **more: Any) -> EdgeOrder:
    """Let a version have gone out, by default that of the promotion to both groups."""
    made = order(**{"thresholds": {"a": 0.4}, **more})
    folder = f"demo/edge/{made.version}/"
    world.put(f"{folder}order.json", made)
    world.put(f"{folder}release.json", {"any": "thing"})
    return made


def test_nothing_goes_out_where_nobody_asked(world: Account) -> None:
    world.put("demo/newest.json", newest())
    held = ours()
    assert devices_wait(bucket(), "demo", held) is None
    world.put("demo/newest.json", newest(targets=("sorters",)))
    assert devices_wait(bucket(), "demo", held) == "devices were not sent the champion yet"
    assert devices_wait(bucket(), "demo", None) is None
    went(world)
    assert devices_wait(bucket(), "demo", held) is None  # belts keep what they have


def test_what_an_earlier_champion_was_sent_as_is_none_of_this_one(world: Account) -> None:
    went(world, version="1.261127.9999", run="demo-of-before")
    world.put(f"{FOLDER}order.json", order())  # packaged, and it broke off
    world.put("demo/edge/notes/release.json", {"any": "thing"})
    said = devices_wait(bucket(), "demo", ours())
    assert said == "devices were not sent the champion yet"


@pytest.mark.parametrize(
    ("edge", "thresholds", "said"),
    [
        ({"targets": ("belts", "sorters")}, {"a": 0.4}, None),
        ({"targets": ("belts",), "frames": 5}, {"a": 0.4}, None),
        ({"targets": ("belts", "bins")}, {"a": 0.4}, "targets"),
        ({"targets": ("belts",), "int8": True}, {"a": 0.4}, "int8"),
        ({"targets": ("belts",), "by": "jobs"}, {"a": 0.4}, "by"),
        ({"targets": ("belts",)}, {"a": 0.5}, "thresholds"),
        ({"targets": ("belts",)}, {}, "thresholds"),
        ({"targets": ("bins",), "int8": True}, {"b": 0.4}, "targets, int8, thresholds"),
        ({}, {"b": 0.4}, None),
    ],
)
def test_what_settings_ask_otherwise_goes_out_as_another_version(
    world: Account, edge: dict[str, Any], thresholds: dict[str, float], said: str | None
) -> None:
    went(world)
    asked = Newest(run=RUN, started=CREATED, thresholds=thresholds, edge=EdgeSettings(**edge))
    world.put("demo/newest.json", asked)
    found = devices_wait(bucket(), "demo", ours())
    assert found == (said and f"devices get another version: {said} changed")


def test_another_version_is_higher_and_is_what_the_next_is_compared_with(
    world: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(world)
    with pytest.raises(NotReleased, match=rf"version {VERSION}, of run {RUN}, went out already"):
        call("plan_package", STATE)
    world.put("demo/newest.json", newest(targets=("sorters", "bins"), int8=True))
    monkeypatch.setattr(packaging, "now", lambda: "2026-11-27T11:43:30Z")
    with pytest.raises(NotReleased, match=rf"{VERSION} is not higher than {VERSION}"):
        call("plan_package", STATE)
    # 1.261128.99 is the higher one, and the text of 1.261128.100 the smaller one
    monkeypatch.setattr(packaging, "now", lambda: "2026-11-28T00:01:39Z")
    assert call("plan_package", STATE)["version"] == "1.261128.99"
    known = {"version": "1.261128.99", "targets": ("sorters", "bins"), "thresholds": {"a": 0.4}}
    asked = bucket().read("demo/edge/1.261128.99/order.json", EdgeOrder)
    assert asked == order(int8=True, **known)
    assert devices_wait(bucket(), "demo", ours()) is not None  # it did not go out yet
    went(world, int8=True, **known)
    assert devices_wait(bucket(), "demo", ours()) is None
    went(world, **{**known, "version": "1.261128.100"})
    said = devices_wait(bucket(), "demo", ours())
    assert said == "devices get another version: int8 changed"
