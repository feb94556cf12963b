"""A batch transform of an estimator's model over the objects below a prefix."""

import json
import sys

from sagemaker.estimator import Estimator
from sagemaker.s3 import S3Downloader
from sagemaker.transformer import Transformer

from tagline.notebook import connect

job, images = sys.argv[1:]
connection = connect()
estimator = Estimator.attach(job, sagemaker_session=connection.session)
transformer = estimator.transformer(
    instance_count=1, instance_type="ml.m5.xlarge", accept="application/json"
)
transformer.transform(images, content_type="image/jpeg", wait=True, logs=True)

found = S3Downloader.list(transformer.output_path, sagemaker_session=connection.session)
assert [uri.rsplit("/", 1)[-1] for uri in sorted(found)] == ["0.jpg.out", "1.jpg.out"]
for uri in found:
    answer = json.loads(S3Downloader.read_file(uri, sagemaker_session=connection.session))
    assert len(answer["scores"]) == 4
again = Transformer.attach(
    transformer.latest_transform_job.name, sagemaker_session=connection.session
)
assert again.output_path == transformer.output_path
transformer.delete_model()
