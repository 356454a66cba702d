"""Stores a deployment's own templates of mails in its bucket of lists, as one JSON object.

    NAME=verinym DIR=my-templates python -m operations.mail_templates

The function that sends mails checks the object and says in its log why it refuses one.
"""

import json
import os
import sys
from pathlib import Path

from operations.steps import StepFailed
from operations.target import Target, check_name

# As the function reads it.
LONGEST = 1024 * 1024


def text_of(path: Path) -> str:
    """The text of a UTF-8 file, without the byte order mark that some editors write."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise StepFailed(f"{path} is not text in UTF-8.", "Remove it, or save it as UTF-8.") from None


def pack(directory: Path) -> bytes:
    """The files below a directory, by path."""
    files = {
        path.relative_to(directory).as_posix(): text_of(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    if not files:
        raise StepFailed(f"{directory} has no files.", "Set DIR to a directory like shared/templates/mail.")
    packed = json.dumps(files, ensure_ascii=False).encode()
    if len(packed) > LONGEST:
        raise StepFailed(f"The templates have {len(packed)} bytes, and at most {LONGEST} are read.", "Remove files.")
    return packed


def bucket(target: Target) -> str:
    account = target.client("sts").get_caller_identity()["Account"]
    return f"{target.name}-lists-{account}-{target.region}"


def main() -> None:
    target = Target.read(check_name(os.environ.get("NAME", "")))
    name = os.environ.get("OBJECT") or "templates.json"
    packed = pack(Path(os.environ.get("DIR", "")))
    target.client("s3").put_object(
        Bucket=bucket(target), Key=f"mail/{name}", Body=packed, ContentType="application/json"
    )
    print(f"· stored mail/{name} ({len(packed)} bytes) in {bucket(target)}; use it with MailTemplates={name}")


if __name__ == "__main__":
    try:
        main()
    except StepFailed as failed:
        sys.exit(f"{failed} {failed.remedy}")
