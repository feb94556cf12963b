"""A film that is played once is not over before the device has its first model."""

import json
from pathlib import Path

from tests.edge.archives import serving
from tests.edge.device_world import (
    DEVICE,
    RED,
    Signer,
    archive,
    device_json,
    film,
    running,
    version,
)
from tests.edge.listening import listening
from tests.laptop import LaptopCloud, eventually

FRAMES = 20
WAITS = "the film begins with the first model"


def test_a_film_waits_for_the_first_model(cloud: LaptopCloud, thing: str, tmp_path: Path) -> None:
    signer = Signer()
    sending = {"results_per_second": 20, "health_seconds": 1}
    config = device_json(tmp_path / "device", signer, f"127.0.0.1:{cloud.port}", sending=sending)
    source = film(tmp_path / "film.avi", [RED], frames=FRAMES)
    iot = cloud.client("iot")
    with serving() as archives, listening(cloud) as heard, running(config, source) as device:
        eventually(lambda: WAITS in device.log.read_text())
        assert (device.health()["version"], device.health()["camera"]) == (None, False)
        data = archive(version(1))
        document = signer.job(data, version(1), archives.put("1.zip", data))
        iot.create_job(jobId="first-model", targets=[thing], document=json.dumps(document))
        assert device.process.wait(60) == 0
        assert device.log.read_text().count(WAITS) == 1
        eventually(heard.results)
    assert {told["version"] for told in heard.results()} == {version(1)}
    told = iot.describe_job_execution(jobId="first-model", thingName=DEVICE)["execution"]
    assert told["status"] == "SUCCEEDED"
    iot.delete_job(jobId="first-model", force=True)


def test_a_film_that_waits_for_a_model_can_be_stopped(tmp_path: Path) -> None:
    config = device_json(tmp_path / "device", Signer(), "127.0.0.1:9")
    source = film(tmp_path / "film.avi", [RED], frames=FRAMES)
    with running(config, source) as device:
        eventually(lambda: WAITS in device.log.read_text())
        assert device.stop() == 0
