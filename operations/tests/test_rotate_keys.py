"""Rotating keys on demand."""

import unittest

from operations.rotate_keys import rotate
from operations.steps import StepFailed
from operations.tests.fakes import functions


class RotateKeysTest(unittest.TestCase):
    def test_an_order_says_what_was_done(self):
        name = "workers-rotate-keys-now"
        target, stubber = functions(
            (name, {"keys": "signing", "leaked": False}, {"written": 2}),
            (name, {"keys": "signing", "leaked": False}, {"written": 0}),
            (name, {"keys": "tokens", "leaked": True}, {"written": 1}),
        )
        self.assertEqual(rotate(target, "signing", "false"), "signing: 2 written")
        self.assertIn("nothing done", rotate(target, "signing", "false"))
        self.assertIn("void", rotate(target, "tokens", "true"))
        stubber.assert_no_pending_responses()

    def test_a_misspelt_order_calls_nothing(self):
        target, _ = functions()
        for keys, leaked in (("", "false"), ("index", "false"), ("signing", "yes")):
            with self.assertRaises(StepFailed):
                rotate(target, keys, leaked)


if __name__ == "__main__":
    unittest.main()
