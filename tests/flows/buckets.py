"""A local S3 server, as tests start it, and a bucket of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

import boto3
from moto.server import ThreadedMotoServer


@contextmanager
def bucket_server() -> Iterator[dict[str, str]]:
    """A server on loopback, and what every client of it needs in its environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "crawler",
            "AWS_SECRET_ACCESS_KEY": "a secret of the tests",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.stop()


def make_bucket() -> str:
    """A fresh bucket; the address of a store in it."""
    bucket = f"nianbao-{uuid.uuid4().hex}"
    with closing(boto3.client("s3")) as client:
        client.create_bucket(Bucket=bucket)
    return f"s3://{bucket}/nianbao"
