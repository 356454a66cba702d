"""Files of accounts: reading those of other systems, importing and exporting."""

import contextlib
import io
import json
import unittest

from operations import user_formats
from operations.export_users import export_users
from operations.import_users import import_users
from operations.steps import StepFailed
from operations.tests.fakes import functions
from operations.user_formats import Skip

# Of Firebase's own repository.
HASH_CONFIG = """hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}"""


def rows(entries) -> list:
    return [row.reason if isinstance(row, Skip) else row for _, row in entries]


class FormatsTest(unittest.TestCase):
    def test_a_line_separator_of_unicode_is_no_end_of_a_line(self):
        text = json.dumps({"email": "a@example.com", "given_name": "A\u2028B\x85"}, ensure_ascii=False)
        found = list(user_formats.verinym(f"{text}\r\n\n[]\n{{"))
        self.assertEqual([where for where, _ in found], ["line 1", "line 3", "line 4"])
        self.assertEqual(rows(found)[1:], ["is not a JSON object", "is not JSON"])
        self.assertEqual(found[0][1]["given_name"], "A\u2028B\x85")

    def test_the_hash_export_of_auth0_is_read(self):
        text = '{"_id":{"$oid":"60425d"},"email_verified":false,"email":"a@example.com","passwordHash":"$2b$10$x"}\n'
        self.assertEqual(rows(user_formats.auth0(text)), [{"email": "a@example.com", "password_hash": "$2b$10$x"}])

    def test_custom_hashes_of_auth0_are_read_and_others_are_named(self):
        def user(**custom):
            return {"email": "a@example.com", "email_verified": True, "custom_password_hash": custom}

        users = [
            user(algorithm="pbkdf2", hash={"value": "$pbkdf2-sha512$i=1,l=64$c$d", "encoding": "utf8"}),
            user(
                algorithm="scrypt",
                hash={"value": "00ff10", "encoding": "hex"},
                salt={"value": "abc", "encoding": "utf8"},
                cost=16384,
            ),
            user(algorithm="md5", hash={"value": "x"}),
            user(algorithm="scrypt", hash={"value": "zz", "encoding": "hex"}),
            {"email": "b@example.com", "blocked": True},
        ]
        found = rows(user_formats.auth0(json.dumps(users)))
        self.assertEqual(found[0]["password_hash"], "$pbkdf2-sha512$i=1,l=64$c$d")
        self.assertEqual(found[1]["password_hash"], "$scrypt$ln=14,r=8,p=1$YWJj$AP8Q")
        self.assertEqual(found[2:], ["has a hash of md5", "has a malformed password hash", "is blocked"])

    def test_firebase_hashes_carry_the_parameters_of_the_project(self):
        export = {
            "users": [
                {
                    "localId": "1",
                    "email": "a@example.com",
                    "emailVerified": True,
                    "passwordHash": "lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ==",
                    "salt": "42xEC-ixf3L2lw==",
                },
                {"localId": "2", "email": "b@example.com", "phoneNumber": "+4915112345678"},
                {"localId": "3", "disabled": True},
            ]
        }
        found = rows(user_formats.firebase(json.dumps(export), HASH_CONFIG))
        self.assertEqual(
            found[0]["password_hash"],
            "$firebase-scrypt$ln=14,r=8,p=1,sep=Bw,"
            "key=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA"
            "$42xEC+ixf3L2lw"
            "$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ",
        )
        self.assertEqual(found[1], {"email": "b@example.com", "phone": "+4915112345678", "phone_verified": True})
        self.assertEqual(found[2], "is disabled")
        with self.assertRaisesRegex(StepFailed, "rounds"):
            list(user_formats.firebase("[]", HASH_CONFIG.replace("rounds", "round")))

    def test_keycloak_credentials_of_either_algorithm_become_phc(self):
        def user(data, secret, **more):
            credential = {
                "type": "password",
                "credentialData": json.dumps(data),
                "secretData": json.dumps(secret),
            }
            return {"username": "ada", "email": "a@example.com", "enabled": True, "credentials": [credential]} | more

        secret = {"value": "G4pkQw==", "salt": "VaXa3A==", "additionalParameters": {}}
        argon2 = {"hashLength": ["32"], "memory": ["7168"], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
        export = {
            "realm": "r",
            "users": [
                user({"hashIterations": 27500, "algorithm": "pbkdf2-sha256"}, secret, emailVerified=True, firstName="A"),
                user({"hashIterations": 5, "algorithm": "argon2", "additionalParameters": argon2}, secret),
                user({"hashIterations": 1, "algorithm": "bcrypt-of-a-plugin"}, secret),
                {"username": "b@example.com", "email": "b@example.com", "enabled": False},
                {"username": "c@example.com", "email": "c@example.com", "enabled": True},
                {"username": "service-account-x", "serviceAccountClientId": "x"},
            ],
        }
        found = rows(user_formats.keycloak(json.dumps(export)))
        self.assertEqual(
            found[0],
            {
                "email": "a@example.com",
                "email_verified": True,
                "username": "ada",
                "given_name": "A",
                "password_hash": "$pbkdf2-sha256$i=27500$VaXa3A$G4pkQw",
            },
        )
        self.assertEqual(found[1]["password_hash"], "$argon2id$v=19$m=7168,t=5,p=1$VaXa3A$G4pkQw")
        self.assertEqual(
            found[2:],
            ["has a hash of bcrypt-of-a-plugin", "is disabled", {"email": "c@example.com"}, "is a service account"],
        )

    def test_a_file_without_users_is_refused(self):
        for text in ("", "{}", '{"realm": "r"}'):
            with self.assertRaises(StepFailed):
                list(user_formats.keycloak(text))


class ImportTest(unittest.TestCase):
    def test_parts_are_sent_and_refusals_are_printed_with_their_place(self):
        one, two = {"email": "a@example.com"}, {"email": "b"}
        fault = {"field": "email", "code": "invalid_email", "message": "Is no address."}
        answer = {"results": [{"outcome": "created", "user_id": "user_1"}, {"outcome": "refused", "faults": [fault]}]}
        where, stubber = functions(
            ("admin-import-users", {"users": [one, two]}, answer),
        )
        entries = [("line 1", one), ("line 2", Skip("is not JSON")), ("line 3", two)]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            counts = import_users(where, entries)
        stubber.assert_no_pending_responses()
        self.assertEqual(counts, {"created": 1, "exists": 0, "refused": 2})
        self.assertEqual(printed.getvalue().splitlines(), ["line 2: is not JSON", "line 3: email: Is no address."])

    def test_more_rows_than_a_part_are_sent_in_several(self):
        row = {"email": "a@example.com"}
        where, stubber = functions(
            ("admin-import-users", {"users": [row] * 100}, {"results": [{"outcome": "exists"}] * 100}),
            ("admin-import-users", {"users": [row]}, {"results": [{"outcome": "exists"}]}),
        )
        counts = import_users(where, [(f"line {n}", row) for n in range(101)])
        stubber.assert_no_pending_responses()
        self.assertEqual(counts["exists"], 101)


class ExportTest(unittest.TestCase):
    def test_all_pages_are_read(self):
        def page(email, after):
            return {"id": "export-1", "users": [{"email": email}], "damaged": [], "next": after}

        next_page = {"pk": "U#1", "sk": "AUTH"}
        where, stubber = functions(
            ("admin-export-users", {"after": None, "hashes": False}, page("a", next_page)),
            ("admin-export-users", {"after": next_page, "hashes": False}, page("b", None)),
        )
        self.assertEqual([row["email"] for row in export_users(where, False)], ["a", "b"])
        stubber.assert_no_pending_responses()


if __name__ == "__main__":
    unittest.main()
