"""The newest mail of an address, from what the emulator keeps."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from localstack.mailbox import newest

MESSAGES = {
    "messages": {
        "000000000000": [
            {"To": ["ada@example.org"], "Subject": "first", "BodyText": "https://a.example/x?token=old", "BodyHtml": ""},
            {
                "To": ["ada@example.org"],
                "Subject": "second",
                "BodyText": "Go to\n\nhttps://a.example/verify-email?token=new\n\n--\nAcme (https://a.example)\nhttps://a.example",
                "BodyHtml": None,
            },
            {"To": ["bob@example.org"], "Subject": "third", "BodyText": "", "BodyHtml": ""},
        ]
    }
}


class Mailbox(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        body = json.dumps(MESSAGES).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class NewestMail(unittest.TestCase):
    def setUp(self):
        self.server = HTTPServer(("127.0.0.1", 0), Mailbox)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_it_is_the_newest_of_the_address_with_each_link_once(self):
        mail = newest(self.url, " Ada@Example.org ")
        self.assertEqual(mail.subject, "second")
        self.assertEqual(mail.links, ["https://a.example/verify-email?token=new", "https://a.example"])
        self.assertEqual(mail.token, "new")

    def test_an_address_without_mails_has_none(self):
        self.assertIsNone(newest(self.url, "carol@example.org"))


if __name__ == "__main__":
    unittest.main()
