"""How ministack is told, before it is imported, to be this laptop cloud."""

import os
import shutil
import tempfile

from local.context import ACCESS_KEY, HOST, Cloud


def concurrency() -> int:
    """Return how many functions may run at once; more get a 429, as at an account's quota."""
    return max(16, 8 * (os.cpu_count() or 1))


def apply(cloud: Cloud) -> None:
    """Set the variables ministack reads at import, and an empty folder for its temporary files.

    The person's own AWS settings are taken out: nothing here may reach a real account.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_key,
            "AWS_DEFAULT_REGION": cloud.region,
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "BIND_HOST": HOST,
            "DOCKER_HOST": "unix:///nonexistent",
            "GATEWAY_PORT": str(cloud.port),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_ACCOUNT_CONCURRENCY": str(concurrency()),
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "60",  # each idle worker holds 60 MB
            "MINISTACK_ACCOUNT_ID": cloud.account,
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": cloud.region,
            "PERSIST_STATE": "1",
            "S3_DATA_DIR": str(cloud.state_dir / "s3"),
            "S3_PERSIST": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(cloud.state_dir / "state"),
        }
    )
    temporary = cloud.state_dir / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    tempfile.tempdir = str(temporary)
