"""Codes of the staff's authenticator apps on the local stack."""

import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from localstack import totp
from localstack.totp import Authenticator
from operations.tests.fakes import api

# RFC 6238, appendix B: the last six digits.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class TotpTest(unittest.TestCase):
    def test_the_codes_are_those_of_rfc_6238(self):
        for seconds, expected in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
            self.assertEqual(totp.code(SECRET, seconds // totp.STEP), expected)

    def test_each_code_is_given_once_by_all_programs_together(self):
        with tempfile.TemporaryDirectory() as data, patch("time.time", return_value=3000.0):
            file = Path(data) / "steps.json"
            given = [Authenticator(SECRET, file).next_code() for _ in range(3)]
        self.assertEqual(given, [totp.code(SECRET, step) for step in (99, 100, 101)])

    def test_a_challenge_is_answered_and_an_answer_without_one_is_taken(self):
        tokens = {"access_token": "t"}
        with tempfile.TemporaryDirectory() as data:
            app = Authenticator(SECRET, Path(data) / "steps.json")
            answers = {
                ("POST", "/v1/auth/login"): (200, {"challenge": {"token": "c"}}),
                ("POST", "/v1/auth/mfa/verify"): (200, tokens),
            }
            with api(answers) as (client, calls):
                self.assertEqual(totp.sign_in(client, "a", "p", app), tokens)
                self.assertEqual(calls[1][2]["challenge_token"], "c")
        with api({("POST", "/v1/auth/login"): (200, tokens)}) as (client, calls):
            self.assertEqual(totp.sign_in(client, "a", "p", None), tokens)
            self.assertEqual(len(calls), 1)


if __name__ == "__main__":
    unittest.main()
