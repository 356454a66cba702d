"""Prints what the functions logged, oldest first.

    python -m localstack.logs               # or make logs

AREA limits it to an area (auth, kyc, workers, sandbox ...), ID to lines with that text (a correlation id), SINCE is
the number of minutes to look back, 10 unless told.
"""

import os
import time

from localstack.aws import client
from localstack.settings import MINISTACK, Settings


def lines(settings: Settings, area: str, text: str, minutes: float):
    """Time in milliseconds, group and message of each log line."""
    logs = client(settings, "logs")
    since = int((time.time() - 60 * minutes) * 1000)
    groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group_prefix(settings))
    for group in [found["logGroupName"] for page in groups for found in page["logGroups"]]:
        if area and area not in group:
            continue
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
        for event in (event for page in pages for event in page["events"]):
            if text in event["message"]:
                yield event["timestamp"], group, event["message"].rstrip()


def group_prefix(settings: Settings) -> str:
    """LocalStack accepts `LoggingConfig` but ignores it: each function logs to a group of its own."""
    return f"/{settings.stack_name}" if settings.flavour == MINISTACK else f"/aws/lambda/{settings.stack_name}-"


def main() -> None:
    found = lines(
        Settings.read(),
        os.environ.get("AREA", ""),
        os.environ.get("ID", ""),
        float(os.environ.get("SINCE", "10")),
    )
    for timestamp, group, message in sorted(found):
        moment = time.strftime("%H:%M:%S", time.localtime(timestamp / 1000))
        print(f"{moment}.{timestamp % 1000:03d} {group} {message}")


if __name__ == "__main__":
    main()
