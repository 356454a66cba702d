"""The sample lists: served over plain HTTP by a bucket of the emulator, and configured for the local stack.

A bucket's objects come with entity tags and answer 304, as publishers' sites do. Its policy lets anybody read them, which
counts where the emulator enforces roles.
"""

import json
import time

from botocore.exceptions import ClientError

from localstack.aws import client
from localstack.settings import ROOT, Settings, step
from operations import actions
from operations.target import Target

SAMPLES = ROOT / "shared" / "screening" / "samples" / "lists"
LIMIT = 120.0
CONFIGURATION = "config/lists.json"

# The files of each list. Its maximum age is a year, so that it does not become stale on a stack that is left alone.
YEAR = 8760
SERVED = {
    "ofac_sdn": ("OFAC sample", "sanctions", "ofac_sdn_csv", ("sample_sdn.csv", "sample_alt.csv", "sample_add.csv")),
    "un": ("UN sample", "sanctions", "un_xml", ("un_sample.xml",)),
    "uk": ("UK sample", "sanctions", "uk_csv", ("uk_sample.csv",)),
    "peps": ("PEP sample", "pep", "ftm_json", ("pep_sample.jsonl",)),
}
# Loaded like an operator's own list: uploaded under this name.
UPLOADED = {"mha": ("MHA sample", "sanctions", "mha", "mha_sample.csv")}
# Lists that tests change; each test has its own, and no real person is on them.
TESTS = ("test_changed", "test_refused", "test_same", "test_twice")
TEST_ROWS = "Name\n" + "".join(f"Qwzx{letter}vkj Hgfrt{letter}plm\n" for letter in "abcdefghij")


def bucket(settings: Settings) -> str:
    return f"{settings.stack_name}-list-samples"


def configured(settings: Settings) -> str:
    """The content of the object that configures the lists."""
    base = f"{settings.endpoint}/{bucket(settings)}"
    lists = [
        {"id": key, "name": name, "kind": kind, "format": form, "urls": [f"{base}/{file}" for file in files]}
        for key, (name, kind, form, files) in SERVED.items()
    ]
    lists += [
        {"id": key, "name": name, "kind": kind, "format": "mapped_csv", "columns": columns, "urls": [f"upload:{file}"]}
        for key, (name, kind, columns, file) in UPLOADED.items()
    ]
    lists += [
        {
            "id": key,
            "name": key,
            "kind": "adverse_media",
            "format": "mapped_csv",
            "columns": {"name": "Name"},
            "urls": [f"{base}/{key}.csv"],
        }
        for key in TESTS
    ]
    return json.dumps([entry | {"max_age_hours": YEAR, "sample": True} for entry in lists], separators=(",", ":"))


def put_configuration(settings: Settings, lists_bucket: str) -> None:
    """Stores the configuration of the sample lists where the functions read it. They cache it for five minutes."""
    s3 = client(settings, "s3")
    wanted = configured(settings).encode()
    try:
        if s3.get_object(Bucket=lists_bucket, Key=CONFIGURATION)["Body"].read() == wanted:
            return
    except ClientError:
        pass
    s3.put_object(Bucket=lists_bucket, Key=CONFIGURATION, Body=wanted, ContentType="application/json")


def seed_lists(settings: Settings, lists_bucket: str) -> None:
    """Uploads the samples and requests a refresh; keeps what is there already."""
    began = time.monotonic()
    s3 = client(settings, "s3")
    try:
        s3.head_bucket(Bucket=bucket(settings))
    except ClientError:
        location = {"LocationConstraint": settings.region}
        s3.create_bucket(Bucket=bucket(settings), CreateBucketConfiguration=location)
        s3.delete_public_access_block(Bucket=bucket(settings))
        anybody = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket(settings)}/*",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
        s3.put_bucket_policy(Bucket=bucket(settings), Policy=policy)
    for _, _, _, files in SERVED.values():
        for file in files:
            put_if_missing(s3, bucket(settings), file, (SAMPLES / file).read_bytes())
    for key in TESTS:
        put_if_missing(s3, bucket(settings), f"{key}.csv", TEST_ROWS.encode())
    for _, _, _, file in UPLOADED.values():
        put_if_missing(s3, lists_bucket, f"uploads/{file}", (SAMPLES / file).read_bytes())
    wanted = {entry["id"] for entry in json.loads(configured(settings))}
    if in_force(settings) == wanted:
        return
    actions.refresh_lists(Target.local(settings))
    while (found := in_force(settings)) != wanted:
        if time.monotonic() - began > LIMIT:
            raise TimeoutError(f"lists not in force: {', '.join(sorted(wanted - found))}")
        time.sleep(0.2)
    step(f"{len(wanted)} sample lists in force after {time.monotonic() - began:.1f} s")


def put_if_missing(s3, bucket_name: str, key: str, content: bytes) -> None:
    try:
        s3.head_object(Bucket=bucket_name, Key=key)
    except ClientError:
        s3.put_object(Bucket=bucket_name, Key=key, Body=content)


def in_force(settings: Settings) -> set[str]:
    return actions.lists_in_force(client(settings, "dynamodb"), settings.stack_name)
