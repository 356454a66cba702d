"""Names that deploy, and clients that reach what was meant."""

import os
import unittest
from unittest.mock import patch

from operations.steps import StepFailed
from operations.target import LONGEST_NAME, Target, check_name

KEYS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}


class NameTest(unittest.TestCase):
    def test_names_that_buckets_can_bear_are_taken(self):
        for name in ("verinym", "verinym-dev", "a", "a1", "a" * LONGEST_NAME):
            self.assertEqual(check_name(name), name)

    def test_names_that_fail_half_way_are_refused(self):
        for name in (
            "",
            "Verinym",
            "VERINYM",
            "a" * (LONGEST_NAME + 1),
            "1verinym",
            "-a",
            "a-",
            "a--b",
            "a_b",
            "a.b",
            "a b",
            "é",
            "a\n",
        ):
            with self.subTest(name), self.assertRaises(StepFailed):
                check_name(name)

    def test_the_longest_name_fits_the_longest_bucket(self):
        template = os.path.join(os.path.dirname(__file__), "..", "..", "template.yaml")
        with open(template) as text:
            buckets = [line.split("!Sub ")[1].strip() for line in text if "BucketName: !Sub" in line]
        self.assertTrue(buckets)
        for pattern in buckets:
            name = (
                pattern.replace("${AWS::StackName}", "a" * LONGEST_NAME)
                .replace("${AWS::AccountId}", "1" * 12)
                .replace("${AWS::Region}", "ap-southeast-1")
            )
            self.assertNotIn("$", name)
            self.assertLessEqual(len(name), 63, name)


class TargetTest(unittest.TestCase):
    def test_aws_is_never_the_emulator_whatever_the_environment_says(self):
        with patch.dict(
            os.environ, KEYS | {"STACK": "aws", "REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        ):
            target = Target.read("verinym")
            self.assertTrue(target.on_aws)
            self.assertEqual(target.client("sts").meta.endpoint_url, "https://sts.eu-west-1.amazonaws.com")

    def test_a_local_target_has_the_emulators_endpoint(self):
        with patch.dict(os.environ, {"STACK": "ministack", "PORT": "4999"}):
            target = Target.read("other")
            self.assertFalse(target.on_aws)
            self.assertEqual(target.client("sts").meta.endpoint_url, "http://127.0.0.1:4999")
            self.assertEqual(target.settings.stack_name, "other")

    def test_aws_without_a_region_and_an_unknown_stack_are_refused(self):
        with (
            patch.dict(os.environ, {"STACK": "aws", "AWS_CONFIG_FILE": "/dev/null"}, clear=True),
            self.assertRaises(StepFailed),
        ):
            Target.read("verinym")
        with patch.dict(os.environ, {"STACK": "azure"}), self.assertRaises(StepFailed):
            Target.read("verinym")
