"""A locked laptop cloud takes what was signed with its key, and refuses the rest in AWS's words."""

import http.client
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.integration.conftest import Deployed, Stack
from tests.integration.test_laptop_cloud_containers import container
from tests.laptop import PYTHON, REPOSITORY, LaptopCloud, eventually, running

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
SECRET = "Zm9v+YmFy/quux_-0123456789"


class Locked(LaptopCloud):
    """A cloud whose clients know its secret key."""

    def client(self, service: str) -> Any:
        return client(self, service)


def client(cloud: LaptopCloud, service: str, key: str = "test", secret: str = SECRET) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.fixture(scope="module")
def stack(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack on a cloud that asks for a key."""
    state = deployed.copy(tmp_path_factory.mktemp("locked"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAGLINE_SECRET_KEY", SECRET)
        with running(state, deployed.root, "--locked") as cloud:
            yield deployed.stack(Locked(**vars(cloud)))


CALLS: dict[str, tuple[str, str]] = {
    "s3": ("s3", "list_buckets"),
    "s3 HEAD": ("s3", "head_bucket"),
    "query": ("sns", "list_topics"),
    "json": ("stepfunctions", "list_state_machines"),
    "rest-json": ("lambda", "list_functions"),
    "cbor": ("cloudwatch", "list_metrics"),
}
UNKNOWN = {
    "s3": "InvalidAccessKeyId",
    "s3 HEAD": "403",
    "query": "InvalidClientTokenId",
    "json": "UnrecognizedClientException",
    "rest-json": "UnrecognizedClientException",
    "cbor": "UnrecognizedClientException",
}
WRONG = {
    "s3": "SignatureDoesNotMatch",
    "s3 HEAD": "403",
    "query": "SignatureDoesNotMatch",
    **dict.fromkeys(("json", "rest-json", "cbor"), "InvalidSignatureException"),
}


def call(found: Any, protocol: str) -> Any:
    arguments = {"Bucket": "any"} if protocol == "s3 HEAD" else {}
    return getattr(found, CALLS[protocol][1])(**arguments)


@pytest.mark.parametrize("protocol", CALLS)
@pytest.mark.parametrize(
    ("key", "secret", "codes"), [("other", SECRET, UNKNOWN), ("test", "test", WRONG)]
)
def test_another_key_is_refused_in_the_services_words(
    stack: Stack, protocol: str, key: str, secret: str, codes: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        call(client(stack.cloud, CALLS[protocol][0], key, secret), protocol)
    error = refused.value.response
    assert error["Error"]["Code"] == codes[protocol]
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    if protocol != "s3 HEAD":
        assert error["Error"]["Message"]


@pytest.mark.parametrize("protocol", [name for name in CALLS if name != "s3 HEAD"])
def test_the_right_key_is_taken(stack: Stack, protocol: str) -> None:
    assert call(client(stack.cloud, CALLS[protocol][0]), protocol)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("POST", "/2015-03-31/functions", {"Content-Type": "application/json"}),
        ("POST", "/", {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}),
        ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("OPTIONS", "/", {}),
        ("DELETE", "/any", {"Authorization": "Bearer x"}),
        ("GET", "/mqtt", {"Connection": "Upgrade", "Upgrade": "websocket",
                          "Sec-WebSocket-Version": "13",
                          "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}),
    ],
)  # fmt: skip
def test_what_is_not_signed_is_refused(
    stack: Stack, method: str, path: str, headers: dict[str, str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stack.cloud.port, timeout=30)
    connection.request(method, path, b"{}" if method == "POST" else None, headers)
    assert connection.getresponse().status == 403


def test_the_api_asks_for_no_key(stack: Stack) -> None:
    with urllib.request.urlopen(f"{stack['ApiUrl']}/", timeout=30) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("version", [None, "s3v4"])
def test_signed_urls_are_taken_and_others_refused(stack: Stack, version: str | None) -> None:
    key = {"Bucket": stack["Bucket"], "Key": "signed/ü b+c.txt"}
    s3 = client(stack.cloud, "s3")
    s3.put_object(**key, Body=b"here")
    make: Any = boto3.client
    signer = make("s3", endpoint_url=stack.cloud.endpoint, region_name="us-east-1",
                  aws_access_key_id="test", aws_secret_access_key=SECRET,
                  config=Config(signature_version=version))  # fmt: skip
    url = signer.generate_presigned_url("get_object", Params=key)
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.read() == b"here"
    put = signer.generate_presigned_url("put_object", Params=key)
    request = urllib.request.Request(put, b"there", {"Content-Type": ""}, method="PUT")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    for other in (url.replace("signed", "other"), url.replace("Signature=", "Signature=0")):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(other, timeout=30)


@pytest.mark.parametrize("sent", [b"their", b"theirs and more", b"", b"x" * (1 << 20)])
def test_a_body_that_is_not_the_signed_one_is_refused(stack: Stack, sent: bytes) -> None:
    key = {"Bucket": stack["Bucket"], "Key": "signed/body.txt"}
    s3 = client(stack.cloud, "s3")
    s3.put_object(**key, Body=b"before")
    url = f"{stack.cloud.endpoint}/{key['Bucket']}/{key['Key']}"
    request: Any = AWSRequest("PUT", url, data=b"yours")
    S3SigV4Auth(Credentials("test", SECRET), "s3", "us-east-1").add_auth(request)
    assert re.fullmatch(r"[0-9a-f]{64}", request.headers["X-Amz-Content-SHA256"])
    changed = urllib.request.Request(url, sent, dict(request.headers.items()), method="PUT")
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        urllib.request.urlopen(changed, timeout=30)
    assert b"<Code>XAmzContentSHA256Mismatch</Code>" in refused.value.read()
    assert s3.get_object(**key)["Body"].read() == b"before"
    right = urllib.request.Request(url, b"yours", dict(request.headers.items()), method="PUT")
    with urllib.request.urlopen(right, timeout=30) as answer:
        assert answer.status == 200
    assert s3.get_object(**key)["Body"].read() == b"yours"


def test_large_and_streamed_bodies_pass(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(os.urandom(20 << 20))
    s3 = client(stack.cloud, "s3")
    s3.upload_file(str(file), stack["Bucket"], "large")  # in parts, with checksums behind them
    assert s3.get_object(Bucket=stack["Bucket"], Key="large")["Body"].read() == file.read_bytes()


def test_functions_and_containers_have_the_key(stack: Stack) -> None:
    s3 = client(stack.cloud, "s3")
    s3.put_object(Bucket=stack["Bucket"], Key="shop/lists/heard.lst", Body=b"1\t0\ta.png")
    ended = stack.run({"Pack": container(stack, "Pack", ["exit", "0"])})
    assert ended["status"] == "SUCCEEDED", ended
    assert eventually(lambda: stack.heard("Object-Created", "heard.lst"))  # written by a function


def test_without_a_key_the_cloud_does_not_start(tmp_path: Path) -> None:
    refused = subprocess.run(
        [PYTHON, "-m", "local", "--locked", "--state-dir", tmp_path / "state"],
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if name != "TAGLINE_SECRET_KEY"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert refused.returncode == 1
    assert "TAGLINE_SECRET_KEY" in refused.stderr
    assert not (tmp_path / "state").exists()


def test_curl_signs_too(stack: Stack) -> None:
    options = ["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"test:{SECRET}"]
    url = f"{stack.cloud.endpoint}/{stack['Bucket']}?list-type=2"
    listed = subprocess.run(
        ["curl", "--silent", "--fail-with-body", *options, url],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert "<ListBucketResult" in listed.stdout, listed.stdout
