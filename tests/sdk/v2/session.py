"""The session's own: a region, a bucket, objects in it, the address of an image."""

import sagemaker
from sagemaker import image_uris

session = sagemaker.Session(default_bucket="sdk-session")
assert session.boto_region_name == "us-east-1"
assert session.default_bucket() == "sdk-session"
uri = session.upload_string_as_file_body("hello", bucket="sdk-session", key="a/hello.txt")
assert uri == "s3://sdk-session/a/hello.txt"
assert session.read_s3_file("sdk-session", "a/hello.txt") == "hello"
assert session.list_s3_files("sdk-session", "a") == ["a/hello.txt"]
image = image_uris.retrieve("image-classification", "us-east-1")
assert image == "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
print("ok")
