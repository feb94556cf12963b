"""The device's connection: MQTT to IoT Core or to a laptop cloud, and the jobs that come by it."""
