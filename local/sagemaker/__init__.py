"""SageMaker on the laptop: training, tuning, processing, models, endpoints and their invocations.

Jobs and endpoints are real processes under SageMaker's container contract, in each image's own
environment (`local.images`). `service.register` puts the service into ministack; its `call` is
what the Step Functions integrations use.
"""
