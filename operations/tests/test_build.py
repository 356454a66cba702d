"""The line of progress of a build."""

import json
import unittest

from localstack.build import follow


def artifact(package: str, name: str) -> str:
    return json.dumps({"reason": "compiler-artifact", "package_id": package, "target": {"name": name}})


class Progress(unittest.TestCase):
    def test_a_crate_counts_once_though_it_has_a_build_script(self):
        lines = [
            artifact("serde@1", "build-script-build"),
            "not JSON",
            json.dumps({"reason": "build-script-executed", "package_id": "serde@1"}),
            artifact("serde@1", "serde"),
            artifact("verinym@0", "verinym"),
        ]
        shown = []
        times = iter([0.0, 1.0, 61.0])
        self.assertEqual(follow(lines, 9, shown.append, lambda: next(times)), 2)
        self.assertEqual(
            shown,
            [
                "· building: 1 of about 9 crates, 1 s, build-script-build",
                "· building: 2 of about 9 crates, 61 s, verinym",
            ],
        )


if __name__ == "__main__":
    unittest.main()
