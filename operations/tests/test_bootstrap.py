"""The whole run against AWS, with every answer of AWS and of the API given: what is done, and how it ends."""

import io
import json
import unittest
from unittest.mock import patch

from botocore.response import StreamingBody

from operations import bootstrap
from operations.steps import DONE, FAILED, WAITING
from operations.tests.fakes import api, quiet, stubbed, target

EMAIL = "admin@example.org"
ANSWERS = {
    ("GET", "/v1/health"): (200, {"status": "ok", "version": "1"}),
    ("GET", "/.well-known/jwks.json"): (200, {"keys": [{}]}),
    ("POST", "/v1/oauth/token"): (200, {"access_token": "t"}),
    ("DELETE", "/v1/admin/clients/cli_1"): (204, ""),
    ("GET", "/v1/aml/lists"): (200, {"items": [{"id": "un", "version": "1", "refused": None}]}),
    ("GET", "/v1/metrics"): (200, 'queue_messages{queue="lists",state="dead"} 0\n'),
    ("POST", "/v1/aml/screenings"): (
        200,
        {"hits": [], "lists": [{"id": "un", "stale": False}], "took_ms": 1, "engine_version": "1", "lists_current": True},
    ),
}


class BootstrapTest(unittest.TestCase):
    def run_it(
        self, password="secret", status="CREATE_COMPLETE", answers=ANSWERS, grant=None, functions=True, role="admin"
    ):
        """Runs it against a stack that is there; the exit code, what was printed, what the API was asked."""
        answers = dict(answers)
        with api(answers) as (client, calls):
            answers["GET", "/.well-known/openid-configuration"] = (200, {"issuer": client.base})
            grant = grant or {"changed": False, "roles": [role]}
            clients = self.clients(client.base, status, grant, functions, role)
            steps, out = quiet()
            code = bootstrap.bootstrap(target(**clients), EMAIL, lambda new: password, None, steps, role)
            return code, out.getvalue(), [path for _, path, _ in calls]

    def clients(self, url, status, grant, functions, role):
        sts, stubs = stubbed("sts")
        stubs.add_response(
            "get_caller_identity", {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/op"}
        )
        cloudformation, stubs = stubbed("cloudformation")
        parameters = {"Stage": "dev", "PublicUrl": url, "Issuer": "", "MailFrom": "a@example.org", "SandboxUrl": ""}
        stack = {
            "StackName": "verinym",
            "StackStatus": status,
            "CreationTime": 0,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            "Outputs": [{"OutputKey": "ApiUrl", "OutputValue": url}],
        }
        stubs.add_response("describe_stacks", {"Stacks": [stack]})
        stubs.add_response("list_stack_resources", {"StackResourceSummaries": []})
        functions_client, stubs = stubbed("lambda")
        limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000}
        if role == "admin":
            stubs.add_response("get_account_settings", {"AccountLimit": limit})
        made = {"client_id": "cli_1", "client_secret": "s"}
        for answer in ({"processed": 5}, {"processed": 1}, grant, made) if role == "admin" else (grant,):
            if not functions:
                stubs.add_client_error("invoke", "ResourceNotFoundException")
                continue
            failed = isinstance(answer, Exception)
            body = json.dumps({"errorMessage": str(answer)} if failed else answer).encode()
            response = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body))}
            stubs.add_response("invoke", response | ({"FunctionError": "Unhandled"} if failed else {}))
        sesv2, stubs = stubbed("sesv2")
        stubs.add_client_error("get_account", "AccessDeniedException", "no")
        dynamodb, stubs = stubbed("dynamodb")
        stubs.add_response("get_item", {"Item": {"lists": {"M": {"un": {"M": {}}}}}})
        return {
            "sts": sts,
            "cloudformation": cloudformation,
            "lambda_": functions_client,
            "sesv2": sesv2,
            "dynamodb": dynamodb,
            "sns": None,
            "apigateway": None,
        }

    def test_a_whole_run_is_done_and_deletes_its_machine_client(self):
        code, printed, paths = self.run_it()
        self.assertEqual(code, DONE, printed)
        self.assertEqual(paths[-1], "/v1/admin/clients/cli_1")
        for step in ("keys", "lists", "admin", "metrics", "screening"):
            self.assertRegex(printed, rf"ok +{step} ")
        self.assertIn("mail was not checked", printed)
        self.assertIn("deploy with AlarmEmail", printed)

    def test_another_role_is_given_and_nothing_else_is_done(self):
        code, printed, paths = self.run_it(role="moderator", grant={"changed": True, "roles": ["moderator"]})
        self.assertEqual(code, DONE, printed)
        self.assertIn(f"{EMAIL} has the role moderator now", printed)
        self.assertEqual(paths, [])

    def test_without_a_password_all_is_done_for_an_admin_who_has_an_account(self):
        code, printed, paths = self.run_it(password=None)
        self.assertEqual(code, DONE, printed)
        self.assertNotIn("/v1/auth/login", paths)

    def test_an_admin_without_an_account_waits(self):
        unknown = Exception("email: No account has this address. (unknown_account)")
        code, printed, _ = self.run_it(password=None, grant=unknown)
        self.assertEqual(code, WAITING, printed)
        self.assertIn("has no account yet", printed)

    def test_a_missing_function_fails_the_run_and_touches_no_account(self):
        code, printed, paths = self.run_it(functions=False)
        self.assertEqual(code, FAILED)
        self.assertIn("There is no function verinym-workers-rotate-keys", printed)
        self.assertEqual(paths, ["/v1/health"])

    def test_a_stack_that_failed_or_is_on_its_way_is_left_alone(self):
        for status in ("ROLLBACK_COMPLETE", "UPDATE_IN_PROGRESS"):
            code, printed, paths = self.run_it(status=status)
            self.assertEqual((code, paths), (FAILED, []))
            self.assertIn(status, printed)


class PasswordTest(unittest.TestCase):
    def ask(self, typed: list[str], new: bool, terminal=True):
        with (
            patch("sys.stdin.isatty", return_value=terminal),
            patch("getpass.getpass", side_effect=typed) as asked,
            patch("sys.stdout", io.StringIO()),
            patch.dict("os.environ", {}, clear=True),
        ):
            password = bootstrap.password_of(target(), EMAIL)
            return password(new), password(False), asked.call_count

    def test_it_is_asked_for_once_and_of_a_new_account_twice_until_both_agree(self):
        self.assertEqual(self.ask(["secret"], False), ("secret", "secret", 1))
        self.assertEqual(self.ask(["secret", "secrte", "secret", "secret"], True), ("secret", "secret", 4))

    def test_without_a_terminal_there_is_none(self):
        self.assertEqual(self.ask([], True, terminal=False), (None, None, 0))

    def test_the_environment_goes_first(self):
        with patch.dict("os.environ", {"ADMIN_PASSWORD": "given"}):
            self.assertEqual(bootstrap.password_of(target(), EMAIL)(True), "given")


class MainTest(unittest.TestCase):
    def test_what_is_missing_is_said_before_anything_is_called(self):
        for variables, said in (
            ({"NAME": "", "ADMIN_EMAIL": EMAIL}, "NAME is missing"),
            ({"NAME": "Verinym", "ADMIN_EMAIL": EMAIL}, "cannot be part"),
            ({"NAME": "verinym", "ADMIN_EMAIL": ""}, "ADMIN_EMAIL"),
            ({"NAME": "verinym", "ADMIN_EMAIL": EMAIL, "STACK": "azure"}, "STACK must be"),
            ({"NAME": "verinym", "ADMIN_EMAIL": EMAIL, "ROLE": "root"}, "ROLE must be"),
        ):
            out = io.StringIO()
            with patch.dict("os.environ", variables, clear=True), patch("sys.stdout", out):
                self.assertEqual(bootstrap.main(), FAILED)
            self.assertIn(said, out.getvalue())
