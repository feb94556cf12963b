"""An update of a nested stack that leaves a resource untouched which others refer to."""

from pathlib import Path

import pytest

from tests.laptop import LaptopCloud

pytestmark = pytest.mark.cloud

PARENT = """
Transform: AWS::Serverless-2016-10-31
Parameters: { Word: { Type: String } }
Resources:
  Child:
    Type: AWS::Serverless::Application
    Properties: { Location: child.yaml, Parameters: { Word: !Ref Word } }
Outputs: { Said: { Value: !GetAtt Child.Outputs.Said } }
"""
CHILD = """
Transform: AWS::Serverless-2016-10-31
Parameters: { Word: { Type: String } }
Resources:
  Queue: { Type: AWS::SQS::Queue }
  Topic:
    Type: AWS::SNS::Topic
    Properties: { DisplayName: !Sub "${Queue.Arn} ${Word}" }
Outputs: { Said: { Value: !Sub "${Queue.Arn} ${Word}" } }
"""


def test_an_untouched_resource_keeps_its_attributes(
    laptop_cloud: LaptopCloud, tmp_path: Path
) -> None:
    (tmp_path / "child.yaml").write_text(CHILD)
    parent = tmp_path / "parent.yaml"
    parent.write_text(PARENT)
    queue, word = laptop_cloud.deploy(parent, "nested", "Word=first")["Said"].split()
    assert queue.startswith("arn:aws:sqs:")
    assert word == "first"
    assert laptop_cloud.deploy(parent, "nested", "Word=second")["Said"] == f"{queue} second"
