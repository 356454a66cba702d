"""Stand-ins for AWS and for the API: stubbed boto3 clients, and a small HTTP server that answers by a table."""

import io
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.response import StreamingBody
from botocore.stub import Stubber

from localstack.client import Client
from operations.steps import Steps
from operations.target import AWS, Target


def stubbed(service: str) -> tuple[object, Stubber]:
    """A client that can reach nobody, and what decides its answers."""
    client = boto3.client(service, region_name="eu-central-1", aws_access_key_id="none", aws_secret_access_key="none")
    stubber = Stubber(client)
    stubber.activate()
    return client, stubber


@dataclass(frozen=True)
class FakeTarget(Target):
    """A stack on AWS whose clients are the given ones."""

    clients: dict = field(default_factory=dict)

    def client(self, service: str):
        return self.clients[service]


def target(**clients) -> FakeTarget:
    named = {"lambda" if name == "lambda_" else name: client for name, client in clients.items()}
    return FakeTarget("verinym", AWS, "eu-central-1", clients=named)


def functions(*answers: tuple[str, dict, object]) -> tuple[FakeTarget, Stubber]:
    """A target whose functions answer in this order: name, expected payload, answer (an exception is an error)."""
    client, stubber = stubbed("lambda")
    for name, payload, answer in answers:
        failed = isinstance(answer, Exception)
        body = json.dumps({"errorType": "E", "errorMessage": str(answer)} if failed else answer).encode()
        response = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body))}
        expected = {"FunctionName": f"verinym-{name}", "Payload": json.dumps(payload).encode()}
        stubber.add_response("invoke", response | ({"FunctionError": "Unhandled"} if failed else {}), expected)
    return target(lambda_=client), stubber


@contextmanager
def api(answers: dict[tuple[str, str], tuple[int, object]]):
    """An API that answers by method and path, and keeps what it was sent; gives a client of it and the calls."""
    calls: list[tuple[str, str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            content = self.rfile.read(length)
            is_json = self.headers.get("Content-Type") == "application/json"
            body = json.loads(content) if length and is_json else content or None
            calls.append((self.command, self.path, body))
            status, content = answers.get((self.command, self.path), (404, {"code": "not_found"}))
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Client(f"http://127.0.0.1:{server.server_port}", timeout=5), calls
    finally:
        server.shutdown()
        server.server_close()


def quiet() -> tuple[Steps, io.StringIO]:
    out = io.StringIO()
    return Steps(out), out
