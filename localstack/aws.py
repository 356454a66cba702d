"""AWS clients for the local stack."""

import boto3
from botocore.config import Config

from localstack.settings import Settings


def client(settings: Settings, service: str):
    """A client that can reach only the local stack: endpoint and credentials are given, never looked up."""
    return boto3.client(
        service,
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            retries={"max_attempts": 3, "mode": "standard"},
            read_timeout=120,
            max_pool_connections=16,
            s3={"addressing_style": "path"},
        ),
    )
