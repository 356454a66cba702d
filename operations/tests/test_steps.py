"""What an operator reads when a step fails, and the exit code."""

import unittest

from botocore.exceptions import ClientError, EndpointConnectionError

from localstack.client import Answer, Refused
from operations.steps import DONE, FAILED, WAITING, Finding, StepFailed, StepWaits
from operations.tests.fakes import quiet


def raising(error: Exception):
    def action():
        raise error

    return action


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetAccountSettings")


class StepsTest(unittest.TestCase):
    def setUp(self):
        self.steps, self.out = quiet()

    def test_a_failed_step_names_itself_why_and_what_to_do_and_the_others_go_on(self):
        self.assertIsNone(self.steps.run("keys", raising(StepFailed("no function", "deploy again"))))
        self.assertTrue(self.steps.run("health", lambda: "answers"))
        self.assertEqual(self.steps.finish(), FAILED)
        printed = self.out.getvalue()
        for part in ("FAILED  keys", "no function", "→ deploy again", "ok      health", "FAILED at: keys"):
            self.assertIn(part, printed)

    def test_a_step_whose_need_is_not_met_is_not_run(self):
        self.assertIsNone(self.steps.run("admin", raising(AssertionError("was run")), needs=False))
        self.assertIn("skipped admin", self.out.getvalue())
        self.assertEqual(self.steps.finish(), DONE)

    def test_waiting_for_a_person_is_neither_done_nor_failed(self):
        self.steps.run("admin", raising(StepWaits("not confirmed", "open the link")))
        self.assertEqual(self.steps.finish(), WAITING)

    def test_a_failure_outweighs_waiting(self):
        self.steps.run("admin", raising(StepWaits("not confirmed", "open the link")))
        self.steps.run("keys", raising(StepFailed("no", "mend")))
        self.assertEqual(self.steps.finish(), FAILED)

    def test_advice_is_told_at_the_end_and_does_not_fail(self):
        self.assertEqual(self.steps.run("lists", lambda: (Finding("five", ["one is stale"]), 5)), 5)
        self.assertEqual(self.steps.finish(), DONE)
        self.assertIn("1. one is stale", self.out.getvalue())

    def test_refusals_of_aws_say_what_to_do(self):
        for code, remedy in (
            ("AccessDeniedException", "may not call GetAccountSettings"),
            ("ExpiredToken", "expired"),
            ("InvalidClientTokenId", "does not know these credentials"),
            ("ThrottlingException", "throttles"),
            ("SomethingNew", "See the message"),
        ):
            steps, out = quiet()
            steps.run("stack", raising(refused(code)))
            self.assertEqual(steps.finish(), FAILED)
            self.assertIn(remedy, out.getvalue())

    def test_no_network_is_a_failed_step_and_no_traceback(self):
        self.steps.run("account", raising(EndpointConnectionError(endpoint_url="https://sts")))
        self.assertEqual(self.steps.finish(), FAILED)

    def test_an_answer_of_the_api_that_nobody_expected_is_a_failed_step_too(self):
        answer = Answer(503, {}, b'{"code": "unavailable"}', 0.1)
        for error in (
            Refused("GET", "https://a/b", answer),
            TimeoutError("no such mail"),
            ConnectionResetError("reset"),
        ):
            steps, out = quiet()
            self.assertIsNone(steps.run("lists", raising(error)))
            self.assertEqual(steps.finish(), FAILED)
            self.assertIn(str(error).splitlines()[0], out.getvalue())

    def test_a_check_that_may_not_look_says_so_and_fails_nothing(self):
        self.steps.check("mail", raising(refused("AccessDenied")))
        self.assertEqual(self.steps.finish(), DONE)
        self.assertIn("mail was not checked", self.out.getvalue())
