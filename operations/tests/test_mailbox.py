"""The mails of the local stack, as they are read by commands."""

import unittest

from localstack.mailbox import Mail


def mail(text: str, *recipients: str) -> Mail:
    return Mail(recipients or ("ada@example.org",), "Subject", text, "")


class MailTest(unittest.TestCase):
    def test_an_address_is_found_in_any_case(self):
        self.assertTrue(mail("", "ada@example.org").is_to("Ada@Example.org"))
        self.assertTrue(mail("", "Ada@example.org", "b@example.org").is_to("ada@example.org"))
        self.assertFalse(mail("", "ada@example.org").is_to("da@example.org"))

    def test_the_punctuation_of_a_sentence_is_not_part_of_a_link(self):
        text = "Sent by Verinym (http://localhost:3000).\nhttp://localhost:3000/verify-email?token=a_b-\n"
        found = mail(text)
        self.assertEqual(found.links, ["http://localhost:3000", "http://localhost:3000/verify-email?token=a_b-"])
        self.assertEqual(found.token, "a_b-")


if __name__ == "__main__":
    unittest.main()
