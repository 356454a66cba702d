"""The way to the first admin, from nothing to the role; functions that fail; lists that do not load."""

import unittest

from operations import actions
from operations.actions import FunctionFailed
from operations.steps import StepFailed, StepWaits
from operations.tests.fakes import api, functions, stubbed, target

EMAIL = "admin@example.org"
GRANT = {"email": EMAIL, "role": "admin"}
UNKNOWN = Exception("email: No account has this address. (unknown_account)")
UNCONFIRMED = Exception("email: The account is not confirmed, or not in use. (not_confirmed)")
GRANTED, HELD = {"changed": True, "roles": ["admin"]}, {"changed": False, "roles": ["admin"]}
REGISTER, VERIFY = ("POST", "/v1/auth/register"), ("POST", "/v1/auth/verify-email")
RESEND = ("POST", "/v1/auth/verify-email/resend")


class FakeMailbox:
    def __init__(self, *tokens: str):
        self.all = list(tokens)

    def tokens(self, _):
        return set(self.all[:-1])

    def wait(self, _, known):
        return next(token for token in self.all if token not in known)


def never(_):
    raise AssertionError("the password was asked for")


class RoleTest(unittest.TestCase):
    def ensure(self, answers, http, password=lambda new: "secret", token=None, mailbox=None):
        where, stubber = functions(*[("admin-bootstrap", GRANT, answer) for answer in answers])
        with api(http) as (client, calls):
            try:
                return actions.ensure_role(where, client, EMAIL, "admin", password, token, mailbox), calls
            finally:
                stubber.assert_no_pending_responses()

    def test_a_confirmed_account_gets_the_role_without_a_password(self):
        self.assertEqual(self.ensure([GRANTED], {}, never), (True, []))

    def test_who_has_it_keeps_it(self):
        self.assertEqual(self.ensure([HELD], {}, never), (False, []))

    def test_where_mails_can_be_read_one_run_makes_the_admin(self):
        answers = {REGISTER: (202, {}), VERIFY: (200, {})}
        made, calls = self.ensure([UNKNOWN, GRANTED], answers, mailbox=FakeMailbox("t1"))
        self.assertTrue(made)
        self.assertEqual(
            [(path, body) for _, path, body in calls],
            [
                (REGISTER[1], {"email": EMAIL, "password": "secret"}),
                (VERIFY[1], {"token": "t1", "password": "secret"}),
            ],
        )

    def test_on_aws_the_first_run_registers_and_waits_for_the_mail(self):
        with self.assertRaises(StepWaits) as waits:
            self.ensure([UNKNOWN], {REGISTER: (202, {})})
        self.assertIn("ADMIN_TOKEN", waits.exception.remedy)

    def test_without_a_password_nothing_is_registered(self):
        with self.assertRaises(StepWaits) as waits:
            self.ensure([UNKNOWN], {}, password=lambda new: None)
        self.assertIn("ADMIN_PASSWORD", waits.exception.remedy)

    def test_a_repeated_run_without_the_token_sends_no_other_mail(self):
        with self.assertRaises(StepWaits) as waits:
            self.ensure([UNCONFIRMED], {}, never)
        self.assertIn("/v1/auth/verify-email/resend", waits.exception.remedy)

    def test_the_token_finishes_it(self):
        made, calls = self.ensure([UNCONFIRMED, GRANTED], {VERIFY: (200, {})}, token="t2")
        self.assertTrue(made)
        self.assertEqual(calls[0][2], {"token": "t2", "password": "secret"})

    def test_a_run_that_ended_between_sign_up_and_confirmation_goes_on_locally(self):
        answers = {RESEND: (202, {}), VERIFY: (200, {})}
        made, calls = self.ensure([UNCONFIRMED, GRANTED], answers, mailbox=FakeMailbox("old", "new"))
        self.assertTrue(made)
        self.assertEqual(calls[1][2]["token"], "new")

    def test_refusals_of_the_api_say_what_to_do(self):
        for code, status, remedy in (
            ("expired_token", 400, "another mail"),
            ("invalid_credentials", 400, "not the password"),
            ("rate_limited", 429, "wait"),
        ):
            with self.subTest(code), self.assertRaises(StepFailed) as failure:
                self.ensure([UNCONFIRMED], {VERIFY: (status, {"code": code})}, token="t")
            self.assertIn(remedy, failure.exception.remedy)

    def test_another_failure_of_the_function_is_told_in_its_words(self):
        with self.assertRaises(FunctionFailed) as failure:
            self.ensure([Exception("failed, see the log")], {}, never)
        self.assertIn("failed, see the log", str(failure.exception))
        self.assertIn("aws logs tail", failure.exception.remedy)


class FunctionTest(unittest.TestCase):
    def test_a_missing_function_names_itself(self):
        client, stubber = stubbed("lambda")
        stubber.add_client_error("invoke", "ResourceNotFoundException")
        with self.assertRaises(StepFailed) as failure:
            actions.rotate_keys(target(lambda_=client))
        self.assertIn("verinym-workers-rotate-keys", str(failure.exception))

    def test_an_answer_without_a_message_is_told_as_it_is(self):
        self.assertEqual(actions.message_of('{"errorMessage": "no"}'), "no")
        self.assertEqual(actions.message_of("null"), "null")
        self.assertEqual(actions.message_of("plain"), "plain")


def shown(identifier: str, version: str | None = "1", refused: str | None = None) -> dict:
    return {"id": identifier, "version": version, "refused": {"code": refused} if refused else None}


class ListsTest(unittest.TestCase):
    def wait(self, items, configured=2, limit=0.0):
        with api({("GET", "/v1/aml/lists"): (200, {"items": items})}) as (client, _):
            return actions.wait_for_lists(target(), configured, client, lambda text: None, limit)

    def test_all_in_force_is_done_and_a_refused_update_is_advice(self):
        found = self.wait([shown("un"), shown("eu", refused="shrunken")])
        self.assertIn("2 of 2", found.text)
        self.assertEqual(found.advice, ["List eu (refused: shrunken): its last good version stays in force."])

    def test_a_list_that_cannot_be_loaded_fails_with_its_refusal(self):
        with self.assertRaises(StepFailed) as failure:
            self.wait([shown("un"), shown("eu", None, "unreachable")])
        self.assertIn("eu (refused: unreachable)", str(failure.exception))

    def test_a_list_that_is_not_loaded_yet_is_waited_for(self):
        with self.assertRaises(StepFailed) as failure:
            self.wait([shown("un", None), shown("eu", None)], limit=0.6)
        self.assertIn("un (not loaded yet)", str(failure.exception))

    def test_without_a_sign_in_the_number_counts(self):
        client, stubber = stubbed("dynamodb")
        item = {"lists": {"M": {"un": {"M": {}}, "eu": {"M": {}}}}}
        stubber.add_response("get_item", {"Item": item})
        found = actions.wait_for_lists(target(dynamodb=client), 2, None, lambda text: None, 0.0)
        self.assertIn("2 of 2", found.text)
        stubber.add_response("get_item", {})
        with self.assertRaises(StepFailed) as failure:
            actions.wait_for_lists(target(dynamodb=client), 2, None, lambda text: None, 0.0)
        self.assertIn("2 more (in force: none)", str(failure.exception))

    def test_no_configured_list_is_advice(self):
        self.assertEqual(len(actions.wait_for_lists(target(), 0, None, lambda text: None).advice), 1)


class CredentialsTest(unittest.TestCase):
    def share(self, theirs, ours, puts):
        client, stubber = stubbed("secretsmanager")
        for arn, value in (("theirs", theirs),):
            self.reads(stubber, arn, value)
        if not theirs:
            stubber.add_response("put_secret_value", {})
        self.reads(stubber, "ours", ours)
        if "ours" in puts:
            stubber.add_response("put_secret_value", {})
        changed = actions.share_credentials(target(secretsmanager=client), "ours", "theirs")
        stubber.assert_no_pending_responses()
        return changed

    def reads(self, stubber, arn, value):
        if value is None:
            stubber.add_client_error("get_secret_value", "ResourceNotFoundException", expected_params={"SecretId": arn})
        else:
            stubber.add_response("get_secret_value", {"SecretString": value}, {"SecretId": arn})

    def test_a_second_run_writes_nothing(self):
        self.assertFalse(self.share("{}", "{}", []))

    def test_both_sides_get_the_same(self):
        self.assertTrue(self.share(None, None, ["ours"]))
        self.assertTrue(self.share("{}", "other", ["ours"]))
