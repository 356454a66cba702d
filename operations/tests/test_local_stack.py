"""The local stack's scripts where they can be tested without one: what differs between the emulators."""

import os
import stat
import subprocess
import tempfile
import unittest
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path
from unittest.mock import patch

import yaml
from botocore.response import StreamingBody

from localstack import containers, deploy, emulator, logs, settle
from localstack.settings import LOCALSTACK, MINISTACK, ROOT, Settings
from operations.tests.fakes import stubbed


def settings(flavour: str, home: Path = ROOT, **options) -> Settings:
    return Settings(flavour, 4999, home, home / "stack.env", home / "binaries", **options)


class SettingsTest(unittest.TestCase):
    def test_localstack_runs_packages_and_ministack_what_cargo_built(self):
        for flavour, expected in ((MINISTACK, "target/debug"), (LOCALSTACK, "target/lambda")):
            with patch.dict(os.environ, {"STACK": flavour}, clear=True):
                self.assertEqual(Settings.read().binaries, ROOT / expected)

    def test_a_binary_is_a_file_or_lies_in_a_directory_of_its_name(self):
        with tempfile.TemporaryDirectory() as home:
            binaries = Path(home) / "binaries"
            (binaries / "auth-me").mkdir(parents=True)
            found = settings(LOCALSTACK, Path(home))
            self.assertEqual(found.binary("auth-me"), binaries / "auth-me" / "bootstrap")
            self.assertEqual(found.binary("auth-login"), binaries / "auth-login")

    def test_only_localstack_is_told_the_architecture(self):
        arm = settings(LOCALSTACK, architecture="arm64")
        self.assertEqual(deploy.architecture(arm), {"Architecture": "arm64"})
        self.assertEqual(deploy.sandbox_parameters(arm, "api")["Architecture"], "arm64")
        self.assertEqual(deploy.architecture(settings(MINISTACK)), {})

    def test_logs_are_read_where_each_emulator_writes_them(self):
        self.assertEqual(logs.group_prefix(settings(MINISTACK)), "/verinym")
        self.assertEqual(logs.group_prefix(settings(LOCALSTACK)), "/aws/lambda/verinym-")

    def test_status_asks_localstack_itself(self):
        with patch.object(emulator, "healthy", return_value=True):
            self.assertEqual(emulator.status(settings(LOCALSTACK)), "running on port 4999")
        with patch.object(emulator, "healthy", return_value=False):
            self.assertIn("nothing answers", emulator.status(settings(LOCALSTACK)))


class DigestTest(unittest.TestCase):
    def read(self, content: bytes | None):
        client, stubber = stubbed("s3")
        if content is None:
            stubber.add_client_error("get_object", "NoSuchKey")
        else:
            stubber.add_response("get_object", {"Body": StreamingBody(BytesIO(content), len(content))})
        with patch.object(deploy, "client", return_value=client):
            return deploy.deployed_digest(settings(LOCALSTACK), "verinym")

    def test_what_was_deployed_is_read_back_and_nothing_was_at_first(self):
        self.assertEqual(self.read(b'["id", "digest"]'), ["id", "digest"])
        self.assertIsNone(self.read(None))


class SettleTest(unittest.TestCase):
    def test_the_bucket_key_is_part_of_the_encryption(self):
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"}
        for given, expected in (({"BucketKeyEnabled": True}, True), ({}, False)):
            rule = given | {"ServerSideEncryptionByDefault": by_default}
            bucket = {"BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]}}
            found = settle.encryption_rule(bucket)
            self.assertEqual(found, {"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": expected})

    def test_the_days_of_recovery_are_kept_and_are_a_number(self):
        def recovery(**specification):
            return settle.recovery_of({"PointInTimeRecoverySpecification": specification})

        self.assertEqual(
            recovery(PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays="7"),
            {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        )
        self.assertEqual(recovery(PointInTimeRecoveryEnabled=True), {"PointInTimeRecoveryEnabled": True})
        self.assertIsNone(recovery(PointInTimeRecoveryEnabled=False))
        self.assertIsNone(settle.recovery_of({}))


FAKE_DOCKER = """#!/bin/sh
echo "PORT=$PORT $*" >> "$DOCKER_CALLS"
[ "$1" = ps ] && printf '%s' "$DOCKER_LEFT"
exit "${DOCKER_CODE:-0}"
"""


class ContainersTest(unittest.TestCase):
    def calls(self, action, left="", code=0) -> list[str]:
        with tempfile.TemporaryDirectory() as home:
            docker = Path(home) / "docker"
            docker.write_text(FAKE_DOCKER)
            docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
            record = Path(home) / "calls"
            variables = {
                "PATH": f"{home}:/usr/bin:/bin",
                "DOCKER_CALLS": str(record),
                "DOCKER_LEFT": left,
                "DOCKER_CODE": str(code),
            }
            with patch.dict(os.environ, variables), redirect_stdout(StringIO()):
                action(settings(LOCALSTACK))
            return record.read_text().splitlines()

    def test_down_removes_the_functions_containers_by_name_before_the_network_that_they_are_on(self):
        found = self.calls(containers.stop, "one\ntwo\n")
        self.assertTrue(found[0].endswith(" stop"))
        self.assertIn("name=^verinym-localstack-4999-lambda-", found[1])
        self.assertEqual(found[2].split(maxsplit=1)[1], "rm --force one two")
        self.assertTrue(found[3].endswith("down --volumes"))

    def test_down_with_nothing_left_removes_nothing(self):
        found = self.calls(containers.stop)
        self.assertEqual(len(found), 3)
        self.assertNotIn("rm --force", "\n".join(found))

    def test_two_stacks_have_two_projects(self):
        found = self.calls(containers.start)
        self.assertIn("PORT=4999 compose --project-name verinym-4999", found[0])
        self.assertTrue(found[0].endswith("up --detach --wait"))

    def test_without_docker_the_reason_is_said(self):
        with patch.dict(os.environ, {"PATH": "/nowhere"}), self.assertRaises(SystemExit) as ended:
            containers.docker("ps")
        self.assertIn("needs Docker", str(ended.exception))
        with self.assertRaises(SystemExit) as ended:
            self.calls(containers.start, code=1)
        self.assertIn("code 1", str(ended.exception))

    def test_the_compose_file_gives_the_name_that_down_looks_for(self):
        service = yaml.safe_load(containers.COMPOSE_FILE.read_text())["services"]["localstack"]
        given = service["container_name"].replace("${PORT:-4566}", "4999")
        self.assertEqual(given, containers.name(settings(LOCALSTACK)))
        self.assertEqual(service["environment"]["MAIN_CONTAINER_NAME"], service["container_name"])
        self.assertEqual(service["environment"]["PROVIDER_OVERRIDE_DYNAMODB"], "v2")
        self.assertEqual(service["image"], "localstack/localstack:4.14.0")


class MakefileTest(unittest.TestCase):
    def planned(self, *arguments: str) -> str:
        # Not the variables of the make that runs these tests.
        plain = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        command = ["make", "--dry-run", "--no-print-directory", *arguments]
        return subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=True).stdout

    def test_localstack_is_given_packages_by_zig_and_ministack_a_plain_build(self):
        for target in ("up", "test-stack"):
            found = self.planned(target, "STACK=localstack", "ARCH=arm64")
            self.assertIn("cargo lambda build --release", found)
            self.assertIn("--arm64", found)
            self.assertIn("ARCH=arm64 .venv/stack/bin/python -m localstack.up", found)
            self.assertNotIn("cargo build", found)
            self.assertIn("-m localstack.build", self.planned(target))

    def test_the_run_with_roles_is_ministacks_whatever_the_stack(self):
        for line in self.planned("test-roles", "STACK=localstack").splitlines():
            if "localstack.up" in line or "localstack.emulator" in line:
                self.assertIn("STACK=ministack", line)
