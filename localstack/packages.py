"""Packs each changed binary into a zip of its own and uploads it to the code bucket.

A zip's name in the bucket is the digest of the binary, so an unchanged function keeps its address and CloudFormation
leaves it alone. Zips are the same to the byte for the same binary: fixed time, fixed mode, one file `bootstrap`.
"""

import hashlib
import io
import json
import os
import re
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.exceptions import ClientError

from localstack.aws import client
from localstack.settings import Settings, step

CODE_URI = re.compile(r"^(\s+CodeUri: ).*target/lambda/([a-z0-9-]+)/$", re.MULTILINE)

# The first level makes a debug binary two thirds smaller in a quarter of a second; higher levels save little more.
COMPRESSION_LEVEL = 1


def deployable(settings: Settings, template: Path, digests: dict[str, str]) -> str:
    """The template's text with each CodeUri pointing at the function's zip in the code bucket."""
    return CODE_URI.sub(
        lambda match: f"{match[1]}s3://{settings.code_bucket}/{object_key(match[2], digests[match[2]])}",
        template.read_text(),
    )


def functions_of(template: Path) -> list[str]:
    """The binaries a template names."""
    return [match[2] for match in CODE_URI.finditer(template.read_text())]


def digest_binaries(settings: Settings, names: list[str]) -> dict[str, str]:
    """SHA-256 of each binary. Files whose time, size and inode have not changed since the last run are not read
    again.
    """
    missing = [name for name in names if not settings.binary(name).is_file()]
    if missing:
        sys.exit(f"No binary in {settings.binaries} for: {', '.join(missing)}. Build first (make up does).")
    seen_file = settings.data / "digests.json"
    seen = json.loads(seen_file.read_text()) if seen_file.exists() else {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        entries = list(pool.map(lambda name: digest(settings.binary(name), seen.get(name)), names))
    seen_file.write_text(json.dumps(dict(zip(names, entries))))
    return {name: entry["sha256"] for name, entry in zip(names, entries)}


def digest(binary: Path, seen: dict | None) -> dict:
    status = binary.stat()
    looks = [str(binary), status.st_mtime_ns, status.st_size, status.st_ino]
    if seen and seen["looks"] == looks:
        return seen
    return {"looks": looks, "sha256": hashlib.sha256(binary.read_bytes()).hexdigest()}


def upload(settings: Settings, digests: dict[str, str]) -> None:
    """Zips and uploads what the bucket does not have yet."""
    s3 = client(settings, "s3")
    try:
        s3.head_bucket(Bucket=settings.code_bucket)
    except ClientError:
        s3.create_bucket(
            Bucket=settings.code_bucket, CreateBucketConfiguration={"LocationConstraint": settings.region}
        )
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.code_bucket, Prefix="functions/")
    there = {item["Key"] for page in pages for item in page.get("Contents", [])}
    wanted = {object_key(name, sha256): name for name, sha256 in digests.items()}
    changed = [key for key in wanted if key not in there]
    if changed:
        step(f"packaging {len(changed)} of {len(wanted)} functions")

    def put(key: str) -> None:
        s3.put_object(Bucket=settings.code_bucket, Key=key, Body=zipped(settings.binary(wanted[key])))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(put, changed))


def remove_stale(settings: Settings, digests: dict[str, str]) -> None:
    """Removes zips that no function uses any more. Called after the deployment only, because a rollback needs
    the old ones.
    """
    s3 = client(settings, "s3")
    wanted = {object_key(name, sha256) for name, sha256 in digests.items()}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.code_bucket, Prefix="functions/")
    for page in pages:
        for item in page.get("Contents", []):
            if item["Key"] not in wanted:
                s3.delete_object(Bucket=settings.code_bucket, Key=item["Key"])


def zipped(binary: Path) -> bytes:
    buffer = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o755 << 16
    entry.create_system = 3
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, binary.read_bytes(), compresslevel=COMPRESSION_LEVEL)
    return buffer.getvalue()


def object_key(name: str, sha256: str) -> str:
    return f"functions/{name}/{sha256}.zip"
