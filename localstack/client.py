"""A small HTTP client, written from the API's description alone. Standard library only."""

import json
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes
    seconds: float

    @property
    def json(self):
        return json.loads(self.content) if self.content else None


class Refused(Exception):
    """A response with an unexpected status."""

    def __init__(self, method: str, url: str, answer: Answer):
        self.answer = answer
        self.correlation_id = answer.headers.get("x-correlation-id", "none")
        body = answer.content.decode(errors="replace")[:2000]
        super().__init__(f"{method} {url}\n  {answer.status} {body}\n  correlation id: {self.correlation_id}")

    @property
    def code(self) -> str | None:
        try:
            return self.answer.json.get("code")
        except (ValueError, AttributeError):
            return None


@dataclass
class Client:
    """Calls one API; `token` is the bearer token after signing in."""

    base: str
    token: str | None = None
    timeout: float = 30.0
    last: Answer | None = field(default=None, repr=False)

    def get(self, path: str, **options):
        return self.call("GET", path, **options)

    def post(self, path: str, body=None, **options):
        return self.call("POST", path, body, **options)

    def put(self, path: str, body=None, **options):
        return self.call("PUT", path, body, **options)

    def call(self, method: str, path: str, body=None, *, expect=(200, 201, 202, 204), headers=None, parse=True):
        """Returns the JSON of the response, or its bytes without `parse`. Raises Refused for an unexpected status."""
        headers = {"Accept": "application/json", **(headers or {})}
        data = None
        if isinstance(body, bytes):
            data = body
        elif body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = send(method, self.base + path, data, headers, self.timeout)
        self.last = answer
        if answer.status not in expect:
            raise Refused(method, self.base + path, answer)
        return answer.json if parse else answer.content

    def upload(self, path: str, fields: dict[str, str], name: str, content_type: str, content: bytes):
        """Posts a form with one file (RFC 7578)."""
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n".encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        return self.post(path, b"".join(parts), headers={"Content-Type": f"multipart/form-data; boundary={boundary}"})


def send(method: str, url: str, data: bytes | None, headers: dict[str, str], timeout: float) -> Answer:
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            status, found, content = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        status, found, content = error.code, error.headers, error.read()
    return Answer(status, {key.lower(): value for key, value in found.items()}, content, time.monotonic() - began)
