"""An estimator's endpoint, asked and deleted; then the same model by the server's image."""

import sys
from pathlib import Path

from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import DataSerializer
from sagemaker.serverless import ServerlessInferenceConfig

from tagline.notebook import connect

job, image = sys.argv[1:]
connection = connect()
estimator = Estimator.attach(job, sagemaker_session=connection.session)
predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.xlarge",
    serializer=DataSerializer(content_type="image/jpeg"),
    deserializer=JSONDeserializer(),
)
pixels = Path(image).read_bytes()
answer = predictor.predict(pixels)
assert answer["labels"][:3] == ["red", "green", "blue"]
assert len(answer["scores"]) == 4
model_name = connection.session.describe_endpoint(predictor.endpoint_name)["ProductionVariants"]
assert model_name[0]["CurrentInstanceCount"] == 1
predictor.delete_model()
predictor.delete_endpoint()

model = Model(
    image_uri=connection.server_image,
    model_data=estimator.model_data,
    role=connection.role,
    predictor_cls=Predictor,
    sagemaker_session=connection.session,
)
served = model.deploy(
    serverless_inference_config=ServerlessInferenceConfig(memory_size_in_mb=2048),
    serializer=DataSerializer(content_type="image/jpeg"),
    deserializer=JSONDeserializer(),
)
assert served.predict(pixels)["scores"] == answer["scores"]
served.delete_predictor()
model.delete_model()
assert not connection.session.sagemaker_client.list_endpoints(
    NameContains=served.endpoint_name, StatusEquals="InService"
)["Endpoints"]
