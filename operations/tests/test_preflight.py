"""What is refused before a deployment that would fail half-way."""

import struct
import tempfile
import unittest
from pathlib import Path

from operations import preflight
from operations.checks import Deployed
from operations.steps import StepFailed
from operations.target import check_name
from operations.template import Template
from operations.tests.fakes import stubbed, target

ARN = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
GOOD = {
    "Stage": "prod",
    "PublicUrl": "https://api.verinym.org",
    "AppUrl": "https://app.verinym.org",
    "MailFrom": "no-reply@verinym.org",
}


def wanted(**parameters) -> Deployed:
    return Deployed("verinym", "eu-central-1", GOOD | parameters, {})


class ParametersTest(unittest.TestCase):
    def test_both_ways_that_sam_takes_overrides_are_read(self):
        for given in (
            ["Stage=prod", "CorsOrigins=https://a,https://b"],
            'Stage=prod CorsOrigins="https://a,https://b"',
        ):
            found = preflight.overrides({"parameter_overrides": given})
            self.assertEqual(found, {"Stage": "prod", "CorsOrigins": "https://a,https://b"})
        self.assertEqual(preflight.overrides({}), {})

    def test_addresses_that_are_whole_pass(self):
        self.assertIn("verinym.org", preflight.addresses(wanted()))
        self.assertTrue(preflight.addresses(wanted(DomainName="api.verinym.org", CertificateArn=ARN)))

    def test_a_domain_without_a_certificate_and_a_certificate_without_a_domain_are_refused(self):
        for half in ({"DomainName": "api.verinym.org"}, {"CertificateArn": ARN}):
            with self.subTest(half), self.assertRaises(StepFailed) as failure:
                preflight.addresses(wanted(**half))
            self.assertIn("half-way", str(failure.exception))

    def test_examples_gaps_and_another_host_are_refused(self):
        for wrong in (
            {"AppUrl": "https://app.example.com"},
            {"MailFrom": ""},
            {"DomainName": "other.verinym.org", "CertificateArn": ARN},
        ):
            with self.subTest(wrong), self.assertRaises(StepFailed):
                preflight.addresses(wanted(**wrong))

    def test_prod_has_to_tell_somebody(self):
        with self.assertRaises(StepFailed):
            preflight.told(wanted())
        self.assertEqual(len(preflight.told(wanted(Stage="dev")).advice), 1)
        self.assertEqual(preflight.told(wanted(AlarmEmail="ops@verinym.org")).advice, [])

    def test_the_projects_own_configurations_are_read_and_have_good_names(self):
        for name in ("dev", "staging", "prod", "dev-sandbox", "staging-sandbox"):
            check_name(preflight.read_config(preflight.ROOT / "samconfig.toml", name)["stack_name"])
        with self.assertRaises(StepFailed) as failure:
            preflight.read_config(preflight.ROOT / "samconfig.toml", "production")
        self.assertIn("staging", str(failure.exception))


class PackagesTest(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = Path(home.name)

    def package(self, name: str, machine: int) -> None:
        (self.home / name).mkdir()
        head = b"\x7fELF" + bytes(12) + struct.pack("<HH", 3, machine) + bytes(40)
        (self.home / name / "bootstrap").write_bytes(head)

    def test_packages_of_another_architecture_are_refused(self):
        self.package("auth-me", 62)
        self.assertIn("1 packages", preflight.packages(self.home, "x86_64"))
        with self.assertRaises(StepFailed) as failure:
            preflight.packages(self.home, "arm64")
        self.assertIn("make package", failure.exception.remedy)
        self.package("auth-login", 183)
        with self.assertRaises(StepFailed) as failure:
            preflight.packages(self.home, "x86_64")
        self.assertIn("auth-login", str(failure.exception))

    def test_no_package_and_a_script_are_refused(self):
        with self.assertRaises(StepFailed):
            preflight.packages(self.home, "x86_64")
        (self.home / "auth-me").mkdir()
        (self.home / "auth-me" / "bootstrap").write_text("#!/bin/sh")
        with self.assertRaises(StepFailed):
            preflight.packages(self.home, "x86_64")


TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev}
  SignIn: {Type: Number, Default: 0}
  Architecture: {Type: String, Default: arm64}
Conditions:
  OnAws: !Not [!Equals [!Ref Stage, local]]
  Reserves: !And [!Condition OnAws, !Not [!Equals [!Ref SignIn, '0']]]
Resources:
  Login: {Type: F, Properties: {ReservedConcurrentExecutions: !If [Reserves, !Ref SignIn, !Ref AWS::NoValue]}}
  Worker: {Type: F, Properties: {ReservedConcurrentExecutions: !If [Reserves, 4, !Ref AWS::NoValue]}}
  Free: {Type: F, Properties: {Timeout: 3}}
"""


class TemplateTest(unittest.TestCase):
    def test_what_functions_reserve_follows_the_parameters(self):
        for overrides, expected in (({}, 0), ({"SignIn": "20"}, 24), ({"SignIn": "20", "Stage": "local"}, 0)):
            self.assertEqual(Template(TEMPLATE, overrides).reserved_concurrency(), expected)

    def test_the_projects_own_template_is_read(self):
        found = Template.read(preflight.ROOT / "template.yaml", {"Stage": "prod"})
        self.assertIn(found.parameters["Architecture"], preflight.MACHINES)
        self.assertTrue(found.holds("OnAws"))
        self.assertEqual(found.reserved_concurrency(), 0)


class AccountTest(unittest.TestCase):
    def certificate(self, name: str, status="ISSUED", names=("api.verinym.org",), arn=ARN):
        client, stubber = stubbed("acm")
        described = {"Status": status, "DomainName": names[0], "SubjectAlternativeNames": list(names)}
        stubber.add_response("describe_certificate", {"Certificate": described})
        return preflight.certificate(target(acm=client), wanted(DomainName=name, CertificateArn=arn))

    def test_certificates_that_serve_the_domain(self):
        self.assertTrue(self.certificate("api.verinym.org"))
        self.assertTrue(self.certificate("api.verinym.org", names=("verinym.org", "*.verinym.org")))
        self.assertIn("no custom domain", preflight.certificate(target(), wanted()))

    def test_certificates_that_do_not(self):
        elsewhere = ARN.replace("eu-central-1", "us-east-1")
        for options in (
            {"status": "PENDING_VALIDATION"},
            {"names": ("verinym.org",)},
            {"names": ("*.api.verinym.org",)},
            {"names": ("*.org",)},
            {"arn": elsewhere},
        ):
            with self.subTest(options), self.assertRaises(StepFailed):
                self.certificate("api.verinym.org", **options)

    def leftovers(self, status: str | None, table: bool):
        cloudformation, stacks = stubbed("cloudformation")
        dynamodb, tables = stubbed("dynamodb")
        if status:
            stack = {"StackName": "verinym", "StackStatus": status, "CreationTime": 0}
            stacks.add_response("describe_stacks", {"Stacks": [stack]})
        else:
            stacks.add_client_error("describe_stacks", "ValidationError", "Stack with id verinym does not exist")
        if table:
            tables.add_response("describe_table", {"Table": {}}, {"TableName": "verinym-identity"})
        else:
            tables.add_client_error("describe_table", "ResourceNotFoundException")
        return preflight.leftovers(target(cloudformation=cloudformation, dynamodb=dynamodb))

    def test_a_new_stack_and_one_to_update_pass(self):
        self.assertIn("is new", self.leftovers(None, False))
        self.assertIn("will be updated", self.leftovers("UPDATE_COMPLETE", True))
        self.assertIn("will be updated", self.leftovers("UPDATE_ROLLBACK_COMPLETE", True))

    def test_what_an_earlier_try_left_is_named(self):
        with self.assertRaises(StepFailed) as failure:
            self.leftovers(None, True)
        self.assertIn("already exists", str(failure.exception))
        for status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_IN_PROGRESS"):
            with self.subTest(status), self.assertRaises(StepFailed):
                self.leftovers(status, True)
