"""AWS IoT Greengrass on the laptop: components that are checked and kept, deployments as IoT jobs.

There is no Greengrass nucleus: what a deployment brings is done by `tagline-device`, which hears
the IoT job that a deployment to a thing group makes, as it is on AWS. `service.install` puts the
service into ministack.
"""
