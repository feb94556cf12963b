"""Sessions, with nothing but the environment; and what `connect` gives beside one."""

import boto3
import sagemaker

from tagline.cli.errors import Refused
from tagline.notebook import connect

session = sagemaker.Session()
bucket = session.default_bucket()
assert bucket == f"sagemaker-us-east-1-{boto3.client('sts').get_caller_identity()['Account']}"
uri = session.upload_string_as_file_body("hello", bucket=bucket, key="tiny/hello.txt")
assert uri == f"s3://{bucket}/tiny/hello.txt"
assert session.read_s3_file(bucket, "tiny/hello.txt") == "hello"

connection = connect()
assert connection.bucket == connection.session.default_bucket() != bucket
assert connection.session.default_bucket_prefix == "notebooks"
assert connection.role.startswith("arn:aws:iam::")
# what the SDK asks of STS, by AWS's regional address, is answered by the laptop
assert connection.session.account_id() == boto3.client("sts").get_caller_identity()["Account"]
# on an account it is the same: who is a user and no role hands no role over
told = []
try:
    sagemaker.get_execution_role(connection.session)
except ValueError as exc:
    told.append(str(exc))
try:
    connect("nowhere")
except Refused as exc:
    told.append(str(exc))
assert "The current AWS identity is not a role" in told[0]
assert "no stack nowhere" in told[1]
