"""MXNet(…).fit(…): the example's script, one that fails, and one that brings packages of its own.

python script_mode.py SOURCE DATA SCRATCH: the folders of the example's scripts and of its drawn
pictures, and an empty one.
"""

import contextlib
import json
import sys
import tarfile
import zipfile
from pathlib import Path

import boto3
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.mxnet import MXNet

from tagline.notebook import connect

source, drawn, scratch = map(Path, sys.argv[1:])
stack = connect()
session = stack.session
data = session.upload_data(str(drawn), key_prefix="notebooks/shapes")

common = {
    "role": stack.role,
    "instance_type": "ml.p2.xlarge",
    "instance_count": 1,
    "framework_version": "1.6.0",
    "py_version": "py3",
    "sagemaker_session": session,
}

fails = MXNet("train.py", source_dir=str(source), hyperparameters={"batch-size": 10_000}, **common)
fails.fit(data, wait=False)

# a package that comes along as a wheel, a module as a dependency; no index is asked
own = scratch / "own"
(own / "wheels").mkdir(parents=True)
with zipfile.ZipFile(own / "wheels/salute-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("salute.py", "WORD = 'hello'\n")
    about = "salute-1.0.dist-info"
    wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: salute\nVersion: 1.0\n")
    wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
    wheel.writestr(f"{about}/RECORD", "")
(own / "requirements.txt").write_text("--no-index\n--find-links wheels\nsalute==1.0\n")
(own / "train.py").write_text("""
import argparse, json, os
from pathlib import Path
import mxnet, salute
from beside import NAME
parser = argparse.ArgumentParser()
parser.add_argument("--word"), parser.add_argument("--times", type=int)
said = vars(parser.parse_args())
found = {"said": said, "salute": salute.WORD, "beside": NAME, "mxnet": mxnet.__version__}
found["input"] = sorted(p.name for p in Path(os.environ["SM_CHANNEL_TRAINING"]).iterdir())
found["names"] = sorted(name for name in os.environ if name.startswith("SM_"))
Path(os.environ["SM_MODEL_DIR"], "found.json").write_text(json.dumps(found))
""")
(scratch / "beside.py").write_text("NAME = 'beside'\n")
brings = MXNet(
    "train.py",
    source_dir=str(own),
    dependencies=[str(scratch / "beside.py")],
    hyperparameters={"word": "two words; 'quoted'", "times": 3},
    **common,
)
brings.fit({"training": data}, wait=False)

# as the SDK's documentation writes it; its log is printed
learns = MXNet("train.py", source_dir=str(source), hyperparameters={"epochs": 8}, **common)
learns.fit(data)
print(session.describe_training_job(learns.latest_training_job.name)["TrainingJobStatus"])


def artifact(estimator: MXNet, name: str) -> bytes:
    """Return a file of the model that a job left."""
    bucket, _, key = estimator.model_data.removeprefix("s3://").partition("/")
    boto3.client("s3").download_file(bucket, key, str(scratch / "model.tar.gz"))
    with tarfile.open(scratch / "model.tar.gz") as archive:
        file = archive.extractfile(name)
        assert file
        return file.read()


assert len(artifact(learns, "model-0000.params")) > 10_000

brings.latest_training_job.wait(logs=False)
found = json.loads(artifact(brings, "found.json"))
assert found["said"] == {"word": "two words; 'quoted'", "times": 3}, found
assert (found["salute"], found["beside"], found["mxnet"]) == ("hello", "beside", "1.9.1"), found
assert found["input"] == ["images", "labels.csv"], found
assert {"SM_MODEL_DIR", "SM_HPS", "SM_NUM_GPUS", "SM_CURRENT_HOST"} <= set(found["names"]), found

with contextlib.suppress(UnexpectedStatusException):
    fails.latest_training_job.wait(logs=False)
job = session.describe_training_job(fails.latest_training_job.name)
told = "ValueError: 192 pictures do not fill a batch of 10000"
assert told in job["FailureReason"], job["FailureReason"]
assert "ExitCode 1" in job["FailureReason"], job["FailureReason"]
print("ok")
