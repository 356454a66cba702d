"""Packing the mail templates of a deployment."""

import json
import tempfile
import unittest
from pathlib import Path

from operations.mail_templates import LONGEST, pack
from operations.steps import StepFailed


class PackTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    def test_files_are_packed_by_path_and_hidden_ones_are_left_out(self):
        self.write("check_approved/hi/subject.txt", "सत्यापित")
        self.write("check_approved/.DS_Store", "")
        self.assertEqual(json.loads(pack(self.root)), {"check_approved/hi/subject.txt": "सत्यापित"})

    def test_a_byte_order_mark_is_left_out_and_other_encodings_are_refused(self):
        self.write("check_approved/de/subject.txt", "")
        file = self.root / "check_approved/de/subject.txt"
        file.write_bytes(b"\xef\xbb\xbfBest\xc3\xa4tigt")
        self.assertEqual(json.loads(pack(self.root)), {"check_approved/de/subject.txt": "Bestätigt"})
        for other in ("Bestätigt".encode("latin-1"), "Bestätigt".encode("utf-16"), b"\x89PNG\r\n\x1a\n\xff"):
            file.write_bytes(other)
            with self.assertRaisesRegex(StepFailed, "not text in UTF-8"):
                pack(self.root)

    def test_an_empty_directory_is_refused(self):
        with self.assertRaisesRegex(StepFailed, "has no files"):
            pack(self.root)

    def test_more_than_the_function_reads_is_refused(self):
        self.write("check_approved/en/body.txt", "x" * LONGEST)
        with self.assertRaisesRegex(StepFailed, "at most"):
            pack(self.root)


if __name__ == "__main__":
    unittest.main()
