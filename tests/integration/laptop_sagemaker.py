"""Toy images on a laptop cloud: a trainer that counts, a processor that copies, a server."""

import io
import tarfile
from pathlib import Path
from typing import Any

from tests.laptop import LaptopCloud, add_container, eventually

ROLE = "arn:aws:iam::000000000000:role/service-role/toys"
BUCKET = "toys"
METRIC = "validation:score"
REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com"

TRAINER = """
import json, os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
hp = json.loads((base / "input/config/hyperparameters.json").read_text())
mode = hp.get("mode", "train")
if mode == "explain":
    (base / "output/failure").write_text("the labels are upside down")
    sys.exit(3)
if mode == "silent":
    sys.exit(1)
if mode == "pair":
    said = json.loads((base / "input/config/resourceconfig.json").read_text())
    assert said["hosts"] == ["algo-1", "algo-2"]
    assert os.environ["MASTER_ADDR"] == "127.0.0.1"
    assert int(os.environ["MASTER_PORT"])
    host = said["current_host"]
    if host == hp.get("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if "dies" in hp:
        (base / "output/failure").write_text(f"{host} misses another")
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        time.sleep(2)
        sys.exit(1)
    print(f"validation:score={host[-1]}.0", flush=True)
    inputs = json.loads((base / "input/config/inputdataconfig.json").read_text())
    for channel, how in inputs.items():
        files = sorted(path.name for path in (base / "input/data" / channel).iterdir())
        print(channel, how["TrainingInputMode"], how["S3DistributionType"], *files, flush=True)
    sys.exit(0)
if mode == "fade":  # each trial is worse than the one before, and none but the first would end
    number = int(os.environ["TRAINING_JOB_NAME"].split("-")[-2])
    for epoch in range(1, int(hp["epochs"]) + 1):
        print(f"epoch={epoch} validation:score={epoch / number:.6f}", flush=True)
        if number > int(hp.get("good", 1)):
            time.sleep(600)
    time.sleep(600 if hp.get("endless") else 0)
    sys.exit(0)
score = 1 - (float(hp.get("x", 0.5)) - 0.7) ** 2 - 0.01 * (int(hp.get("n", 3)) - 3) ** 2
print("arguments", sys.argv[1:], flush=True)
if mode != "mute":
    print(f"epoch=1 validation:score={score / 2:.6f}", flush=True)
(base / "model/model.json").write_text(json.dumps({"hp": hp, "args": sys.argv[1:]}))
if mode == "endless":
    (base / "checkpoints/epoch-1").write_text("1")
    while True:
        time.sleep(60)
if mode == "spot":  # ends when it has begun for the third time, by what it finds of the others
    found = sorted(f.name for f in (base / "checkpoints").iterdir())
    (base / "checkpoints" / f"epoch-{len(found) + 1}").write_text(os.environ["TRAINING_JOB_NAME"])
    print("found", found, flush=True)
    while len(found) < 2:
        time.sleep(60)
    (base / "checkpoints" / "epoch-1").unlink()
    sys.exit(0)
if mode == "mute":
    sys.exit(0)
seen = {str(f.relative_to(base / "input")): f.read_text()
        for f in sorted((base / "input").rglob("*")) if f.is_file()}
keys = ("TRAINING_JOB_NAME", "TRAINING_JOB_ARN", "AWS_REGION", "TAG", "AWS_ENDPOINT_URL")
seen["env"] = {k: os.environ.get(k) for k in keys}
(base / "output/data/seen.json").write_text(json.dumps(seen))
print(f"epoch=2 validation:score={score:.6f}", file=sys.stderr, flush=True)
"""
PROCESSOR = """
import os, pathlib, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
text = (base / "processing/input/words/a.txt").read_text()
print("processing", sys.argv[1:], flush=True)
if text == "wait":
    time.sleep(600)
if text == "bad":
    (base / "output/message").write_text("the words are bad")
    sys.exit(2)
(base / "processing/output/up").mkdir(exist_ok=True)
(base / "processing/output/up/a.txt").write_text(text.upper() + os.environ["MARK"])
(base / "output/message").write_text("all upper case")
"""
SERVER = """
import http.server, os, pathlib, sys
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
word = (base / "model/word").read_bytes() + os.environ.get("SUFFIX", "").encode()
if word.startswith(b"broken"):
    sys.exit("this model cannot be loaded")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200, b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"die":
            os._exit(7)
        if body == b"client":
            self.reply(415, b'{"error": "unsupported_image"}')
        elif body == b"server":
            self.reply(500, b"sorry")
        else:
            head = f"{self.headers['Content-Type']} {self.headers['Accept']} ".encode()
            self.reply(200, head + word + b" " + body)
    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "text/toy")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
http.server.ThreadingHTTPServer((os.environ["TAGLINE_BIND_HOST"], port), Handler).serve_forever()
"""


def add_toys(root: Path) -> Path:
    """Add the toys to the images of a root and return it."""
    programs = {"toy_trainer": TRAINER, "toy_words": PROCESSOR, "toy_echo": SERVER}
    for name, program in programs.items():
        entry = f'FROM scratch\nENTRYPOINT ["/opt/venv/bin/python", "-m", "{name}"]\n'
        add_container(root, name, entry, program)
    return root


class Toys:
    """The clients and requests of a laptop cloud with the toy images and their bucket."""

    def __init__(self, cloud: LaptopCloud) -> None:
        self.cloud = cloud
        self.sagemaker = cloud.client("sagemaker")
        self.runtime = cloud.client("sagemaker-runtime")
        self.s3 = cloud.client("s3")
        self.logs = cloud.client("logs")
        self.s3.create_bucket(Bucket=BUCKET)
        assert cloud.powerful_role("toys", "/service-role/") == ROLE

    def put(self, key: str, body: bytes) -> str:
        """Put an object and return its URI."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def get(self, uri: str) -> bytes:
        """Return an object's content."""
        key = uri.removeprefix(f"s3://{BUCKET}/")
        content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def log_lines(self, group: str, *prefix: str) -> list[str]:
        """Return the messages of all streams, or of those whose name begins with a prefix."""
        streams = {"logStreamNamePrefix": prefix[0]} if prefix else {}
        found = self.logs.filter_log_events(logGroupName=group, **streams)
        return [event["message"] for event in found["events"]]

    def training(self, name: str, **hyperparameters: str) -> dict[str, Any]:
        """Return a request for a training job of the toy trainer."""
        return {
            "TrainingJobName": name,
            "HyperParameters": hyperparameters,
            "AlgorithmSpecification": {
                "TrainingImage": f"{REGISTRY}/toy_trainer:1",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": METRIC, "Regex": r"validation:score=([-0-9.]+)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output/"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        }

    def trained(self, name: str) -> dict[str, Any]:
        """Wait for a training job's end and return its description."""
        return self.ended("TrainingJob", name)

    def ended(self, kind: str, name: str) -> dict[str, Any]:
        """Wait for the end of a job of any kind and return its description."""
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind)
        describe = getattr(self.sagemaker, f"describe{words}")

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = describe(**{f"{kind}Name": name})
            return job if job[f"{kind}Status"] in ("Completed", "Failed", "Stopped") else None

        ended: dict[str, Any] = eventually(look)
        return ended

    def create_config(
        self, name: str, word: bytes, suffix: str = "", *, isolated: bool = False, **kind: Any
    ) -> None:
        """Create a model that answers with a word, and an endpoint configuration for it.

        `kind` are members of its variant; without any it has one instance.
        """
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("word")
            member.size = len(word)
            archive.addfile(member, io.BytesIO(word))
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": f"{REGISTRY}/toy_echo:1",
                "ModelDataUrl": self.put(f"models/{name}/model.tar.gz", packed.getvalue()),
                "Environment": {"SUFFIX": suffix},
            },
            EnableNetworkIsolation=isolated,
        )
        one = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        variant = {"VariantName": "AllTraffic", "ModelName": name, **(kind or one)}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until nothing is under way at an endpoint and return its description."""

        def look() -> dict[str, Any] | None:
            endpoint: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

        settled: dict[str, Any] = eventually(look)
        return settled

    def invoke(self, name: str, body: bytes, **members: str) -> bytes:
        """Return what an endpoint answers."""
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **members)
        content: bytes = answer["Body"].read()
        return content
