"""Applies through the API what an emulator's CloudFormation silently ignores, then asserts that it is set.

Dropped are: expiry, encryption and point-in-time recovery of tables; encryption, life cycle and public-access block of
buckets; retention of logs; rotation of keys; the gateway's own responses. What is wanted is read from the processed
templates, so it stands in one place only. What already is as it should be is not touched.
"""

import re
import sys

import yaml
from botocore.exceptions import ClientError

from localstack.aws import client
from localstack.settings import Settings, step


class Stack:
    """A deployed stack: its processed template, with parameters and references resolved as far as needed here."""

    def __init__(self, settings: Settings, name: str):
        self.settings = settings
        cloudformation = client(settings, "cloudformation")
        template = cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
        # boto3 parses a template in JSON and returns any other as text.
        self.resources = (yaml.safe_load(template) if isinstance(template, str) else template)["Resources"]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
        self.physical = {item["LogicalResourceId"]: item.get("PhysicalResourceId") for item in summaries}
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        self.parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}

    def of_type(self, kind: str):
        """Physical name and resolved properties of each deployed resource of a type."""
        for logical, resource in self.resources.items():
            if resource["Type"] == kind and self.physical.get(logical):
                yield self.physical[logical], self.resolve(resource.get("Properties", {}))

    def resolve(self, value):
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self.parameters.get(value["Ref"]) or self.physical.get(value["Ref"], value)
        if set(value) == {"Fn::GetAtt"}:
            target = value["Fn::GetAtt"]
            logical, attribute = target if isinstance(target, list) else target.split(".", 1)
            if self.resources[logical]["Type"] == "AWS::KMS::Key" and attribute == "Arn":
                return f"arn:aws:kms:{self.settings.region}:{self.settings.account}:key/{self.physical[logical]}"
        if set(value) == {"Fn::If"} and value["Fn::If"][0] == "OnAws":
            return self.resolve(value["Fn::If"][2])
        if set(value) == {"Fn::Sub"} and isinstance(value["Fn::Sub"], list):
            text, names = value["Fn::Sub"]
            for name, item in names.items():
                text = text.replace(f"${{{name}}}", self.resolve(item))
            return text
        return {key: self.resolve(item) for key, item in value.items()}


class Check:
    """Compares, applies where they differ, compares again."""

    def __init__(self):
        self.applied = 0
        self.held = 0
        self.broken: list[str] = []

    def settle(self, what: str, wanted, read, apply) -> None:
        if read() != wanted:
            apply()
            self.applied += 1
            found = read()
            if found != wanted:
                self.broken.append(f"{what}: wanted {wanted}, found {found}")
                return
        self.held += 1


def settle(settings: Settings) -> None:
    check = Check()
    for name in (settings.sandbox_stack, settings.stack_name):
        stack = Stack(settings, name)
        settle_tables(settings, stack, check)
        settle_buckets(settings, stack, check)
        settle_logs(settings, stack, check)
        settle_keys(settings, stack, check)
        settle_gateway(settings, stack, check)
    if check.broken:
        sys.exit("The stack is not what the templates say:\n  " + "\n  ".join(check.broken))
    step(f"{check.held} settings hold that CloudFormation may drop here ({check.applied} applied now)")


def settle_tables(settings: Settings, stack: Stack, check: Check) -> None:
    dynamodb = client(settings, "dynamodb")
    for table, wanted in stack.of_type("AWS::DynamoDB::Table"):
        expiry = wanted.get("TimeToLiveSpecification")
        if expiry:
            check.settle(
                f"expiry of {table}",
                expiry["AttributeName"],
                lambda: dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"].get("AttributeName"),
                lambda: dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry),
            )
        encryption = wanted.get("SSESpecification")
        if encryption:
            specification = {"Enabled": True, "SSEType": "KMS"}
            if "KMSMasterKeyId" in encryption:
                specification["KMSMasterKeyId"] = encryption["KMSMasterKeyId"]
            check.settle(
                f"encryption of {table}",
                "ENABLED",
                lambda: (dynamodb.describe_table(TableName=table)["Table"].get("SSEDescription") or {}).get("Status"),
                lambda: dynamodb.update_table(TableName=table, SSESpecification=specification),
            )
        recovery = recovery_of(wanted)
        if recovery:
            check.settle(
                f"point-in-time recovery of {table}",
                "ENABLED",
                lambda: dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"][
                    "PointInTimeRecoveryDescription"
                ]["PointInTimeRecoveryStatus"],
                lambda: dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery),
            )


def recovery_of(table: dict) -> dict | None:
    """The request for a table's point-in-time recovery, with the days of its window. (No emulator stores the days.)"""
    wanted = table.get("PointInTimeRecoverySpecification", {})
    if not wanted.get("PointInTimeRecoveryEnabled"):
        return None
    days = {"RecoveryPeriodInDays": int(wanted["RecoveryPeriodInDays"])} if "RecoveryPeriodInDays" in wanted else {}
    return {"PointInTimeRecoveryEnabled": True} | days


def settle_buckets(settings: Settings, stack: Stack, check: Check) -> None:
    s3 = client(settings, "s3")
    for bucket, wanted in stack.of_type("AWS::S3::Bucket"):
        rule = encryption_rule(wanted)
        check.settle(
            f"encryption of {bucket}",
            rule,
            lambda: s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0],
            lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]}),
        )
        check.settle(
            f"versioning of {bucket}",
            "Enabled",
            lambda: s3.get_bucket_versioning(Bucket=bucket).get("Status"),
            lambda: s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}),
        )
        check.settle(
            f"public-access block of {bucket}",
            wanted["PublicAccessBlockConfiguration"],
            absent_is_none(lambda: s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]),
            lambda: s3.put_public_access_block(
                Bucket=bucket, PublicAccessBlockConfiguration=wanted["PublicAccessBlockConfiguration"]
            ),
        )
        rules = [lifecycle_rule(rule) for rule in wanted["LifecycleConfiguration"]["Rules"]]
        check.settle(
            f"life cycle of {bucket}",
            sorted(rule["ID"] for rule in rules),
            absent_is_none(
                lambda: sorted(rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])
            ),
            lambda: s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules}),
        )


def encryption_rule(bucket: dict) -> dict:
    """Translates a bucket's encryption from CloudFormation's form to the API's: algorithm, key, bucket key."""
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    return {
        "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
        "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
    }


def lifecycle_rule(rule: dict) -> dict:
    """Translates a lifecycle rule from CloudFormation's form to the API's."""
    answer = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "ExpirationInDays" in rule:
        answer["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "NoncurrentVersionExpiration" in rule:
        days = int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
        answer["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if "AbortIncompleteMultipartUpload" in rule:
        answer["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    return answer


def settle_logs(settings: Settings, stack: Stack, check: Check) -> None:
    logs = client(settings, "logs")
    for group, wanted in stack.of_type("AWS::Logs::LogGroup"):
        days = int(wanted["RetentionInDays"])
        check.settle(
            f"retention of {group}",
            days,
            lambda: next(
                found.get("retentionInDays")
                for found in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
                if found["logGroupName"] == group
            ),
            lambda: logs.put_retention_policy(logGroupName=group, retentionInDays=days),
        )


def settle_keys(settings: Settings, stack: Stack, check: Check) -> None:
    kms = client(settings, "kms")
    for key, wanted in stack.of_type("AWS::KMS::Key"):
        if wanted.get("EnableKeyRotation"):
            check.settle(
                f"rotation of key {key}",
                True,
                lambda: kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
                lambda: kms.enable_key_rotation(KeyId=key),
            )


def settle_gateway(settings: Settings, stack: Stack, check: Check) -> None:
    gateway = client(settings, "apigateway")
    for api, properties in stack.of_type("AWS::ApiGateway::RestApi"):
        wanted = {
            kind: {
                "statusCode": str(answer["statusCode"]),
                "responseParameters": answer["responseParameters"],
                "responseTemplates": answer["responseTemplates"],
            }
            for kind, answer in properties["Body"].get("x-amazon-apigateway-gateway-responses", {}).items()
        }

        def read() -> dict:
            found = {item["responseType"]: item for item in gateway.get_gateway_responses(restApiId=api)["items"]}
            return {
                kind: {key: found.get(kind, {}).get(key) for key in answer} for kind, answer in wanted.items()
            }

        def apply() -> None:
            for kind, answer in wanted.items():
                gateway.put_gateway_response(restApiId=api, responseType=kind, **answer)
            for stage in gateway.get_stages(restApiId=api)["item"]:
                gateway.create_deployment(restApiId=api, stageName=stage["stageName"])

        if wanted:
            check.settle(f"gateway responses of {api}", wanted, read, apply)


def absent_is_none(read):
    """Reads a setting; None if the service reports that it is not set (NoSuch…)."""

    def reader():
        try:
            return read()
        except ClientError as error:
            if re.match("NoSuch", error.response["Error"]["Code"]):
                return None
            raise

    return reader
