"""What the smoke test accepts, and how it tells a wrong address from a broken stack."""

import unittest

from localstack.client import Client
from operations import smoke
from operations.checks import Deployed
from operations.steps import StepFailed, StepWaits
from operations.tests.fakes import api, functions

HEALTH = ("GET", "/v1/health")
DISCOVERY, KEYS = ("GET", "/.well-known/openid-configuration"), ("GET", "/.well-known/jwks.json")
NOBODY = Client("http://127.0.0.1:9", timeout=1)


def deployed(**parameters) -> Deployed:
    return Deployed("verinym", "eu-central-1", parameters, {})


class HealthTest(unittest.TestCase):
    def test_an_answer_that_is_ok(self):
        with api({HEALTH: (200, {"status": "ok", "version": "1.2.3"})}) as (client, _):
            self.assertIn("1.2.3", smoke.health(client, None, ""))

    def test_a_gateway_that_answers_while_the_address_does_not_means_dns(self):
        with api({HEALTH: (200, {"status": "ok"})}) as (gateway, _), self.assertRaises(StepFailed) as failure:
            smoke.health(NOBODY, gateway, "d-1.execute-api")
        self.assertIn("the gateway's own address does", str(failure.exception))
        self.assertIn("d-1.execute-api", failure.exception.remedy)

    def test_neither_answers(self):
        with self.assertRaises(StepFailed) as failure:
            smoke.health(NOBODY, NOBODY, "")
        self.assertNotIn("the gateway's own", str(failure.exception))

    def test_an_error_and_another_site_fail(self):
        for answer in ((503, {"code": "unavailable"}), (200, "<html>parked</html>"), (200, {"status": "unhealthy"})):
            with self.subTest(answer), api({HEALTH: answer}) as (client, _), self.assertRaises(StepFailed):
                smoke.health(client, None, "")


class DiscoveryTest(unittest.TestCase):
    def look(self, issuer, keys, **parameters):
        answers = {DISCOVERY: (200, {"issuer": issuer}), KEYS: (200, {"keys": keys})}
        with api(answers) as (client, _):
            return smoke.discovery(client, deployed(**parameters))

    def test_the_issuer_is_the_parameter_or_else_the_public_address(self):
        self.assertIn("1 signing keys", self.look("https://a", [{}], PublicUrl="https://a", Issuer=""))
        self.assertIn("https://b", self.look("https://b", [{}], PublicUrl="https://a", Issuer="https://b"))

    def test_another_issuer_or_no_key_fails(self):
        with self.assertRaises(StepFailed):
            self.look("https://other", [{}], PublicUrl="https://a")
        with self.assertRaises(StepFailed):
            self.look("https://a", [], PublicUrl="https://a")


class ClientTest(unittest.TestCase):
    def test_a_machine_client_gets_a_token_by_its_secret_and_deletes_itself(self):
        payload = {"name": "Smoke test of make bootstrap", "scopes": smoke.SCOPES}
        where, _ = functions(("admin-make-client", payload, {"client_id": "cli_1", "client_secret": "s"}))
        answers = {("POST", "/v1/oauth/token"): (200, {"access_token": "t"}), ("DELETE", "/v1/admin/clients/cli_1"): (204, "")}
        with api(answers) as (client, calls):
            text, (client_id, signed) = smoke.machine_client(where, client)
            self.assertEqual((text, client_id, signed.token), ("as cli_1", "cli_1", "t"))
            smoke.delete_client(client_id, signed)
            self.assertEqual([path for _, path, _ in calls], ["/v1/oauth/token", "/v1/admin/clients/cli_1"])

    def test_a_refused_machine_client_fails_the_step(self):
        where, _ = functions(("admin-make-client", {"name": "Smoke test of make bootstrap", "scopes": smoke.SCOPES}, {"client_id": "c", "client_secret": "s"}))
        with api({("POST", "/v1/oauth/token"): (401, {"error": "invalid_client"})}) as (client, _), self.assertRaises(StepFailed):
            smoke.machine_client(where, client)

    def test_dead_letters_are_advice_and_metrics_without_queues_fail(self):
        text = '# TYPE queue_messages gauge\nqueue_messages{queue="lists",state="dead"} %s\nauth_total 3\n'
        for count, advice in ((0, 0), (4, 1)):
            with api({("GET", "/v1/metrics"): (200, text % count)}) as (client, _):
                self.assertEqual(len(smoke.metrics(client).advice), advice)
        with api({("GET", "/v1/metrics"): (200, "auth_total 3\n")}) as (client, _), self.assertRaises(StepFailed):
            smoke.metrics(client)
        with (
            api({("GET", "/v1/metrics"): (503, {"code": "unavailable"})}) as (client, _),
            self.assertRaises(StepFailed),
        ):
            smoke.metrics(client)

    def screen(self, status, **answer):
        whole = {
            "hits": [],
            "lists": [{"id": "un", "stale": False}],
            "took_ms": 1,
            "engine_version": "1",
            "lists_current": True,
        }
        with api({("POST", "/v1/aml/screenings"): (status, whole | answer)}) as (client, calls):
            found = smoke.screening(client)
            self.assertEqual(calls[0][2], {"name": smoke.NAME})
            return found

    def test_a_screening_has_to_look_at_lists_and_to_clear(self):
        self.assertEqual(self.screen(200).advice, [])
        self.assertIn("stale: un", self.screen(200, lists_current=False, lists=[{"id": "un", "stale": True}]).advice[0])
        with self.assertRaises(StepFailed):
            self.screen(200, lists=[])
        with self.assertRaises(StepFailed):
            self.screen(503, code="unavailable")
