"""The server's settings: SageMaker's variables, and mistakes named."""

from pathlib import Path

import pytest

from server.config import Config, WrongSetting


def test_the_defaults_are_sagemaker_s() -> None:
    config = Config.of({})
    assert (config.model, config.host, config.port) == (Path("/opt/ml/model"), "0.0.0.0", 8080)
    assert config.max_body == 6 * 1024 * 1024
    assert config.patience == 2


def test_the_environment_decides() -> None:
    config = Config.of(
        {
            "SAGEMAKER_BASE_DIR": "/tmp/job",
            "SAGEMAKER_BIND_TO_PORT": "20123",
            "TAGLINE_BIND_HOST": "127.0.0.1",
            "TAGLINE_MAX_BODY_BYTES": "1000",
        }
    )
    assert (config.model, config.host) == (Path("/tmp/job/model"), "127.0.0.1")
    assert (config.port, config.max_body) == (20123, 1000)


@pytest.mark.parametrize("value", ["", "0", "-1", "8080 ", "65536", "http", "٣"])
def test_a_wrong_port_is_named(value: str) -> None:
    with pytest.raises(WrongSetting, match="SAGEMAKER_BIND_TO_PORT"):
        Config.of({"SAGEMAKER_BIND_TO_PORT": value})
