"""What is said of quotas, mail, alarms and the domain, by the answers that AWS gives."""

import unittest

from operations import checks
from operations.checks import Deployed
from operations.steps import StepFailed
from operations.tests.fakes import stubbed

TOPIC = "arn:aws:sns:eu-central-1:123456789012:verinym-alarms"


def deployed(topics=(), protected=False, **parameters) -> Deployed:
    known = {"Stage": "prod", "MailFrom": "no-reply@mail.example.org"} | parameters
    return Deployed("verinym", "eu-central-1", known, {}, protected, tuple(topics))


class ConcurrencyTest(unittest.TestCase):
    def found(self, quota: int, unreserved: int, wanted: int = 0):
        client, stubber = stubbed("lambda")
        limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved}
        stubber.add_response("get_account_settings", {"AccountLimit": limit})
        return checks.concurrency(client, wanted)

    def test_a_new_account_may_reserve_nothing_and_should_ask_for_more(self):
        found = self.found(10, 10)
        self.assertIn("may be reserved: 0", found.text)
        self.assertIn("Nothing may be reserved", found.advice[0])
        self.assertIn("L-B99A9384", found.advice[1])

    def test_what_the_quota_cannot_bear_is_refused_before_the_deployment(self):
        with self.assertRaises(StepFailed):
            self.found(10, 10, wanted=1)
        with self.assertRaises(StepFailed):
            self.found(1000, 1000, wanted=901)
        self.assertEqual(self.found(1000, 1000, wanted=900).advice, [])
        self.assertIn("has not reserved that already", self.found(1000, 200, wanted=900).advice[0])

    def test_a_hundred_stay_unreserved(self):
        self.assertIn("quota 1000, reserved 0, may be reserved: 900", self.found(1000, 1000).text)
        self.assertEqual(self.found(1000, 1000).advice, [])
        self.assertIn("reserved 850, may be reserved: 50", self.found(1000, 150).text)
        self.assertIn("may be reserved: 0", self.found(100, 100).text)
        self.assertIn("may be reserved: 1", self.found(101, 101).text)


class MailTest(unittest.TestCase):
    def found(self, account: dict, identity: dict | None, domain: dict | None = None, **parameters):
        client, stubber = stubbed("sesv2")
        stubber.add_response("get_account", account)
        for name, answer in (("no-reply@mail.example.org", identity), ("mail.example.org", domain)):
            if answer is not None:
                stubber.add_response("get_email_identity", answer, {"EmailIdentity": name})
                break
            stubber.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})
        found = checks.mail(client, deployed(**parameters))
        stubber.assert_no_pending_responses()
        return found

    good = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}}
    production = {"ProductionAccessEnabled": True, "SendingEnabled": True, "EnforcementStatus": "HEALTHY"}

    def test_production_access_with_a_verified_domain_needs_nothing(self):
        found = self.found(self.production, None, self.good)
        self.assertEqual(found.advice, [])
        self.assertIn("mail.example.org", found.text)

    def test_the_sandbox_is_named_with_its_quota(self):
        found = self.found({"ProductionAccessEnabled": False, "SendQuota": {"Max24HourSend": 200.0}}, None, self.good)
        self.assertIn("sandbox", found.advice[0])
        self.assertIn("200 a day", found.advice[0])

    def test_a_sender_that_ses_does_not_know_is_named(self):
        found = self.found(self.production, None, None)
        self.assertIn("no identity for no-reply@mail.example.org", found.advice[0])
        self.assertIn("--email-identity mail.example.org", found.advice[0])

    def test_an_address_that_is_an_identity_goes_before_its_domain(self):
        pending = {"VerifiedForSendingStatus": False, "DkimAttributes": {"Status": "PENDING"}}
        found = self.found(self.production, pending)
        self.assertIn("not verified", found.advice[0])
        self.assertIn("PENDING", found.advice[1])

    def test_a_default_configuration_set_has_to_be_the_stacks(self):
        identity = self.good | {"ConfigurationSetName": "tracking"}
        found = self.found(self.production, None, identity)
        self.assertIn("deploy with MailConfigurationSet=tracking", found.advice[0])
        self.assertEqual(self.found(self.production, None, identity, MailConfigurationSet="tracking").advice, [])
        self.assertEqual(len(self.found(self.production, None, identity, MailConfigurationSet="other").advice), 1)

    def test_paused_sending_and_probation_are_named(self):
        found = self.found(
            {"ProductionAccessEnabled": True, "SendingEnabled": False, "EnforcementStatus": "PROBATION"}, self.good
        )
        self.assertEqual(len(found.advice), 2)


class AlarmsTest(unittest.TestCase):
    def found(self, subscriptions: list[str], **options):
        client, stubber = stubbed("sns")
        answer = {"Subscriptions": [{"SubscriptionArn": arn, "Endpoint": "ops@example.org"} for arn in subscriptions]}
        stubber.add_response("list_subscriptions_by_topic", answer, {"TopicArn": TOPIC})
        return checks.alarms(client, deployed(**options))

    def test_without_a_topic_nobody_is_told(self):
        self.assertIn("AlarmEmail", checks.alarms(None, deployed()).advice[0])

    def test_a_given_topic_and_one_of_the_stack_are_looked_at(self):
        self.assertEqual(self.found([TOPIC + ":1"], AlarmTopicArn=TOPIC).advice, [])
        self.assertEqual(self.found([TOPIC + ":1"], topics=[TOPIC]).advice, [])

    def test_an_unconfirmed_subscription_and_none_at_all_are_advice(self):
        self.assertIn("has not confirmed", self.found(["PendingConfirmation"], topics=[TOPIC]).advice[0])
        self.assertIn("has no subscriber", self.found([], topics=[TOPIC]).advice[0])


class DomainTest(unittest.TestCase):
    def test_the_record_to_make_is_told(self):
        client, stubber = stubbed("apigateway")
        answer = {"regionalDomainName": "d-1.execute-api", "domainNameStatus": "AVAILABLE"}
        stubber.add_response("get_domain_name", answer, {"domainName": "api.example.org"})
        found = checks.domain(client, deployed(DomainName="api.example.org"))
        self.assertIn("api.example.org → d-1.execute-api", found.text)

    def test_a_missing_domain_is_advice(self):
        client, stubber = stubbed("apigateway")
        stubber.add_client_error("get_domain_name", "NotFoundException")
        self.assertEqual(len(checks.domain(client, deployed(DomainName="api.example.org")).advice), 1)

    def test_only_prod_has_to_be_protected(self):
        self.assertEqual(len(checks.protection(deployed()).advice), 1)
        self.assertEqual(checks.protection(deployed(protected=True)).advice, [])
        self.assertEqual(checks.protection(deployed(Stage="dev")).advice, [])
