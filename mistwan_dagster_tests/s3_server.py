"""An object store of the tests' own: moto's S3 over HTTP on loopback, reached by the variables that S3 clients read."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

KEY, SECRET = "test-access-key", "test-secret-key"


@dataclass(frozen=True)
class Store:
    """Its address and credentials, as a process finds them in its environment."""

    environment: dict[str, str]

    def new_bucket(self) -> str:
        """URL of an empty lake in a bucket of its own."""
        bucket = f"lake-{secrets.token_hex(4)}"
        client = boto3.client("s3", endpoint_url=self.environment["AWS_ENDPOINT_URL"])
        client.create_bucket(Bucket=bucket)
        return f"s3://{bucket}/wan"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A running store; this process reaches it too."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        yield Store(environment)
        S3FileSystem.clear_instance_cache()
    server.stop()
