"""S3's encryption on the laptop cloud: the account's own key is there without being named."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.roles import RoleClients, statement
from tests.laptop import LaptopCloud

pytestmark = pytest.mark.cloud


@pytest.fixture
def bucket(laptop_cloud: LaptopCloud) -> tuple[Any, str]:
    """A bucket and a client."""
    s3, name = laptop_cloud.client("s3"), f"encrypted-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return s3, name


def test_kms_without_a_key_is_the_accounts_own(bucket: tuple[Any, str]) -> None:
    s3, name = bucket
    s3.put_object(Bucket=name, Key="a", Body=b"one", ServerSideEncryption="aws:kms")
    found = s3.get_object(Bucket=name, Key="a")
    assert (found["Body"].read(), found["ServerSideEncryption"]) == (b"one", "aws:kms")
    upload = s3.create_multipart_upload(Bucket=name, Key="b", ServerSideEncryption="aws:kms")
    part = {"Bucket": name, "Key": "b", "UploadId": upload["UploadId"]}
    etag = s3.upload_part(**part, PartNumber=1, Body=b"two")["ETag"]
    s3.complete_multipart_upload(
        **part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    assert s3.head_object(Bucket=name, Key="b")["ServerSideEncryption"] == "aws:kms"


def test_a_role_needs_a_right_to_a_key_that_is_named_alone(
    laptop_cloud: LaptopCloud, bucket: tuple[Any, str]
) -> None:
    s3, name = bucket
    s3.put_object(Bucket=name, Key="own", Body=b"a", ServerSideEncryption="aws:kms")
    s3.put_object(
        Bucket=name, Key="named", Body=b"a", ServerSideEncryption="aws:kms", SSEKMSKeyId="a-key"
    )
    reads = statement("s3:GetObject", f"arn:aws:s3:::{name}/*")
    reader = RoleClients(laptop_cloud, reads).client("s3")
    assert reader.get_object(Bucket=name, Key="own")["Body"].read() == b"a"
    with pytest.raises(ClientError, match="kms:Decrypt"):
        reader.get_object(Bucket=name, Key="named")
