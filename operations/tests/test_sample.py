"""The comparison of README's sample output with the demo's."""

import unittest

from localstack.sample import missing, sample

PRINTED = """Verinym at http://127.0.0.1:4566/_aws/execute-api/1/local
   1. GET /v1/health                                   59 ms  200 ok
   2. POST /v1/kyc/checks                              75 ms  201 chk_01m7z…01qr processing
   3. check is approved                              1975 ms  version 3
""".splitlines()


class SampleTest(unittest.TestCase):
    def test_times_and_ids_may_differ(self):
        self.assertIsNone(missing(["  11. POST /v1/kyc/checks     8 ms  201 chk_02zz…99ab processing"], PRINTED))

    def test_another_word_and_another_order_are_found(self):
        changed = "   2. POST /v1/kyc/checks    75 ms  201 chk_01m7z…01qr approved"
        self.assertEqual(missing([changed], PRINTED), changed)
        self.assertEqual(missing([PRINTED[3], PRINTED[1]], PRINTED), PRINTED[1])

    def test_the_sample_is_the_block_that_begins_as_the_demo(self):
        readme = "```\nmake demo\n```\n```\nVerinym at x\n  …\nBela … A moderator decides …\n   1. GET /v1/health  5 ms  200 ok\n```\n"
        self.assertEqual(sample(readme), ["Verinym at x", "   1. GET /v1/health  5 ms  200 ok"])


if __name__ == "__main__":
    unittest.main()
