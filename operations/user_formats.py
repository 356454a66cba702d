"""Reads files of accounts of other systems as rows of an import: ours, Auth0's, Firebase's and Keycloak's.

A reader gives, for each account, where it stands in the file, and its row or the reason why there is none.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from operations.steps import StepFailed


@dataclass(frozen=True)
class Skip:
    """An account that is not imported, and why."""

    reason: str


Entry = tuple[str, dict | Skip]


class Unusable(Exception):
    """The password hash of an account cannot be imported; the message says why."""


def verinym(text: str) -> Iterator[Entry]:
    """JSON lines in our own format."""
    # Not splitlines: JSON may hold line separators of Unicode.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield f"line {number}", parsed(line)


def parsed(line: str) -> dict | Skip:
    try:
        row = json.loads(line)
    except ValueError:
        return Skip("is not JSON")
    return row if isinstance(row, dict) else Skip("is not a JSON object")


def auth0(text: str) -> Iterator[Entry]:
    """The export of password hashes that Auth0's support makes (JSON lines), and files in the schema of its import."""
    for where, user in json_lines_or_array(text):
        if isinstance(user, Skip):
            yield where, user
        elif user.get("blocked"):
            yield where, Skip("is blocked")
        else:
            yield where, row_of(
                lambda user=user: auth0_hash(user),
                email=user.get("email"),
                email_verified=bool(user.get("email_verified")),
                username=user.get("username"),
                given_name=user.get("given_name"),
                family_name=user.get("family_name"),
                phone=user.get("phone_number"),
                phone_verified=bool(user.get("phone_number") and user.get("phone_verified")),
            )


def auth0_hash(user: dict) -> str | None:
    plain = user.get("passwordHash") or user.get("password_hash")
    custom = user.get("custom_password_hash")
    if plain or not custom:
        return plain
    algorithm, made = custom.get("algorithm"), custom.get("hash") or {}
    if algorithm in ("argon2", "bcrypt", "pbkdf2"):
        return made.get("value")
    if algorithm != "scrypt":
        raise Unusable(f"has a hash of {algorithm}")
    salt = custom.get("salt") or {}
    cost = int(custom.get("cost", 16384))
    if cost < 2 or cost & (cost - 1):
        raise Unusable("has a cost of scrypt that is no power of two")
    params = f"ln={cost.bit_length() - 1},r={custom.get('blockSize', 8)},p={custom.get('parallelization', 1)}"
    value = b64(decoded(made.get("value", ""), made.get("encoding", "base64")))
    return f"$scrypt${params}${b64(decoded(salt.get('value', ''), salt.get('encoding', 'utf8')))}${value}"


def firebase(text: str, hash_config: str) -> Iterator[Entry]:
    """`firebase auth:export users.json`, with the password hash parameters of the project's console."""
    config = firebase_config(hash_config)
    for number, user in enumerate(users_of(text), 1):
        where = f"user {number}"
        if user.get("disabled"):
            yield where, Skip("is disabled")
        else:
            yield where, row_of(
                lambda user=user: firebase_hash(user, config),
                email=user.get("email"),
                email_verified=bool(user.get("emailVerified")),
                phone=user.get("phoneNumber"),
                phone_verified=bool(user.get("phoneNumber")),
            )


def firebase_config(text: str) -> str:
    """The options of a hash, from `hash_config { algorithm: SCRYPT, … }`."""
    found = dict(re.findall(r"(\w+)\s*[:=]\s*\"?([^\s,\"]+)", text))
    try:
        if found.get("algorithm", "SCRYPT") != "SCRYPT":
            raise StepFailed(f"The project's algorithm is {found['algorithm']}.", "Only SCRYPT is known.")
        memory, rounds = int(found["mem_cost"]), int(found["rounds"])
        separator, key = b64(from_b64(found["base64_salt_separator"])), b64(from_b64(found["base64_signer_key"]))
    except (KeyError, ValueError) as error:
        raise StepFailed(
            f"The password hash parameters are not complete ({error}).",
            "Copy hash_config from the Firebase console (Authentication, Users, the three dots) into the file HASH_CONFIG.",
        ) from None
    return f"ln={memory},r={rounds},p=1,sep={separator},key={key}"


def firebase_hash(user: dict, config: str) -> str | None:
    if not user.get("passwordHash"):
        return None
    salt, value = b64(from_b64(user.get("salt", ""))), b64(from_b64(user["passwordHash"]))
    return f"$firebase-scrypt${config}${salt}${value}"


def keycloak(text: str) -> Iterator[Entry]:
    """A realm export with users (`kc.sh export`)."""
    for number, user in enumerate(users_of(text), 1):
        where = f"user {number}"
        if user.get("enabled") is False:
            yield where, Skip("is disabled")
        elif user.get("serviceAccountClientId"):
            yield where, Skip("is a service account")
        else:
            username = user.get("username") or ""
            yield where, row_of(
                lambda user=user: keycloak_hash(user),
                email=user.get("email"),
                email_verified=bool(user.get("emailVerified")),
                # An address as a username is the address.
                username=None if "@" in username else username or None,
                given_name=user.get("firstName") or None,
                family_name=user.get("lastName") or None,
            )


def keycloak_hash(user: dict) -> str | None:
    credential = next((one for one in user.get("credentials", []) if one.get("type") == "password"), None)
    if credential is None:
        return None
    data, secret = nested(credential, "credentialData"), nested(credential, "secretData")
    algorithm, iterations = data.get("algorithm", ""), data.get("hashIterations")
    salt, value = b64(from_b64(secret.get("salt", ""))), b64(from_b64(secret.get("value", "")))
    if re.fullmatch(r"pbkdf2(-sha(256|512))?", algorithm):
        return f"${algorithm}$i={iterations}${salt}${value}"
    if algorithm == "argon2":
        # Each value is a list of one text.
        options = {name: values[0] for name, values in (data.get("additionalParameters") or {}).items() if values}
        version = {"1.0": 16, "1.3": 19}.get(options.get("version", "1.3"))
        if version is None:
            raise Unusable("has a hash of another version of Argon2")
        params = f"m={options.get('memory')},t={iterations},p={options.get('parallelism', '1')}"
        return f"$argon2{options.get('type', 'id')}$v={version}${params}${salt}${value}"
    raise Unusable(f"has a hash of {algorithm or 'an unknown algorithm'}")


def nested(credential: dict, name: str) -> dict:
    """A JSON object as text, or as an object."""
    found = credential.get(name) or {}
    return json.loads(found) if isinstance(found, str) else found


def row_of(password_hash, **members) -> dict | Skip:
    try:
        members["password_hash"] = password_hash()
    except Unusable as error:
        return Skip(str(error))
    except (ValueError, TypeError, AttributeError):
        return Skip("has a malformed password hash")
    return {name: value for name, value in members.items() if value not in (None, False, "")}


def json_lines_or_array(text: str) -> Iterator[tuple[str, dict | Skip]]:
    if text.lstrip().startswith("["):
        for number, user in enumerate(json.loads(text), 1):
            yield f"user {number}", user if isinstance(user, dict) else Skip("is not a JSON object")
    else:
        yield from verinym(text)


def users_of(text: str) -> list[dict]:
    try:
        found = json.loads(text)
    except ValueError:
        raise StepFailed("The file is not JSON.", "Give the whole export.") from None
    users = found.get("users") if isinstance(found, dict) else found
    if not isinstance(users, list):
        raise StepFailed("The file has no list of users.", "Export the realm or the project with its users.")
    return [user for user in users if isinstance(user, dict)]


def decoded(text: str, encoding: str) -> bytes:
    readers = {"base64": from_b64, "hex": bytes.fromhex, "utf8": str.encode}
    if encoding not in readers:
        raise Unusable(f"has a hash in the encoding {encoding}")
    return readers[encoding](text)


def from_b64(text: str) -> bytes:
    """Base64 in either alphabet, with or without padding."""
    standard = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode().rstrip("=")


def read(path: Path, file_format: str, hash_config: Path | None) -> Iterator[Entry]:
    text = path.read_text(encoding="utf-8-sig")
    match file_format:
        case "verinym":
            return verinym(text)
        case "auth0":
            return auth0(text)
        case "keycloak":
            return keycloak(text)
        case "firebase":
            if hash_config is None:
                raise StepFailed("HASH_CONFIG is missing.", "It names a file with the project's hash_config.")
            return firebase(text, hash_config.read_text(encoding="utf-8-sig"))
    raise StepFailed(f"FORMAT is {file_format!r}.", "FORMAT must be verinym, auth0, firebase or keycloak.")
