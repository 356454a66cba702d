"""Checks what an AWS account needs before a stack can work in it: quotas, mail, alarms, a domain.

Each check reads only, and gives advice. `preflight` runs them before a deployment, `bootstrap` after it.
"""

from dataclasses import dataclass

from operations.steps import Finding, StepFailed

# AWS keeps this much concurrency unreserved, for functions without a reservation.
UNRESERVED_MINIMUM = 100
USUAL_CONCURRENCY = 1000
CONCURRENCY_QUOTA = "L-B99A9384"
# What an account in the SES sandbox may send (Amazon SES Developer Guide, "Request production access").
SANDBOX_MAILS_A_DAY = 200

# The parameter that names the configuration set, if the stack has no parameter with such a name.
MAIL_SET_PARAMETER = "MailConfigurationSet"


@dataclass(frozen=True)
class Deployed:
    """A stack as CloudFormation describes it. Before the first deployment it has only its planned parameters."""

    name: str
    region: str
    parameters: dict[str, str]
    outputs: dict[str, str]
    termination_protection: bool = False
    # Physical ids of the stack's own SNS topics.
    topics: tuple[str, ...] = ()

    def parameter(self, name: str) -> str:
        return self.parameters.get(name, "")

    @property
    def stage(self) -> str:
        return self.parameter("Stage")


def concurrency(lambda_client, wanted: int = 0) -> Finding:
    """The account's Lambda concurrency in this region, and how much of it functions may reserve.

    `wanted` is what the stack reserves. Raises StepFailed if the quota does not allow that, whatever else is reserved.
    """
    limit = lambda_client.get_account_settings()["AccountLimit"]
    quota, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    reservable = max(0, unreserved - UNRESERVED_MINIMUM)
    text = f"quota {quota}, reserved {quota - unreserved}, may be reserved: {reservable}"
    advice = []
    if wanted > max(0, quota - UNRESERVED_MINIMUM):
        raise StepFailed(
            f"The stack reserves {wanted}; the account's quota is {quota}, and {UNRESERVED_MINIMUM} stay unreserved.",
            "Set SignInConcurrency and WorkerConcurrency lower or to 0, or ask for a higher quota first.",
        )
    if wanted > reservable:
        advice.append(f"The stack reserves {wanted}. If it has not reserved that already, the deployment fails.")
    if reservable == 0:
        advice.append(
            f"Nothing may be reserved (AWS keeps {UNRESERVED_MINIMUM} unreserved): leave the parameters of reserved "
            "concurrency at their default, or the deployment fails."
        )
    if quota < USUAL_CONCURRENCY:
        advice.append(
            f"The quota is {quota}, the usual one {USUAL_CONCURRENCY}: a flood of requests starves the workers. "
            "Ask for more:\n"
            "aws service-quotas request-service-quota-increase --service-code lambda "
            f"--quota-code {CONCURRENCY_QUOTA} --desired-value {USUAL_CONCURRENCY}"
        )
    return Finding(text, advice)


def mail(sesv2, deployed: Deployed) -> Finding:
    """Whether mails reach real people: production access, a verified sender with DKIM, its default set."""
    account = sesv2.get_account()
    advice = []
    if not account.get("ProductionAccessEnabled"):
        advice.append(
            "SES is in its sandbox: mails reach verified addresses only, "
            f"{account.get('SendQuota', {}).get('Max24HourSend', SANDBOX_MAILS_A_DAY):.0f} a day. "
            "Ask for production access (docs/deployment.md, Mail):\n"
            "aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL "
            "--website-url <your site> --use-case-description <text>"
        )
    if not account.get("SendingEnabled", True):
        advice.append("SES has paused sending for this account: see the SES console, Reputation metrics.")
    if account.get("EnforcementStatus", "HEALTHY") != "HEALTHY":
        advice.append(
            f"The SES account has the status {account['EnforcementStatus']}: see Reputation metrics in the SES console."
        )
    sender = deployed.parameter("MailFrom")
    identity, attributes = identity_of(sesv2, sender)
    access = "production access" if account.get("ProductionAccessEnabled") else "sandbox"
    if attributes is None:
        domain = sender.rpartition("@")[2]
        advice.append(
            f"SES has no identity for {sender}, so no mail goes out:\n"
            f"aws sesv2 create-email-identity --email-identity {domain}   # then its three DKIM records into the DNS"
        )
        return Finding(f"{access}, sender {sender} is not an identity", advice)
    if not attributes.get("VerifiedForSendingStatus"):
        advice.append(
            f"The SES identity {identity} is not verified yet: publish its DKIM records, or open the mail of SES."
        )
    dkim = attributes.get("DkimAttributes", {}).get("Status", "NOT_STARTED")
    if dkim != "SUCCESS":
        advice.append(
            f"DKIM of {identity} is {dkim}: mails will be taken for spam. The records:\n"
            f"aws sesv2 get-email-identity --email-identity {identity} --query DkimAttributes.Tokens"
        )
    advice += configuration_set(identity, attributes.get("ConfigurationSetName", ""), deployed)
    return Finding(f"{access}, sender {identity}, DKIM {dkim}", advice)


def identity_of(sesv2, sender: str) -> tuple[str, dict | None]:
    """The SES identity of a sender: the address, else its domain; None if neither is an identity."""
    for identity in (sender, sender.rpartition("@")[2]):
        try:
            return identity, sesv2.get_email_identity(EmailIdentity=identity)
        except sesv2.exceptions.NotFoundException:
            continue
    return sender, None


def configuration_set(identity: str, default: str, deployed: Deployed) -> list[str]:
    """Advises if the identity has a default configuration set: every mail uses it, and IAM requires a grant on it."""
    parameter = next((name for name in deployed.parameters if name.endswith("ConfigurationSet")), MAIL_SET_PARAMETER)
    if default and deployed.parameter(parameter) != default:
        return [
            f"The SES identity {identity} has the default configuration set {default}, which every mail uses: "
            f"deploy with {parameter}={default}, so that the mail worker names it and may use it."
        ]
    return []


def alarms(sns, deployed: Deployed) -> Finding:
    """Checks that somebody receives alarms."""
    given = deployed.parameter("AlarmTopicArn")
    topics = [given] if given else list(deployed.topics)
    if not topics:
        return Finding(
            "nobody is told",
            ["Alarms are raised but tell nobody: deploy with AlarmEmail=<address> or AlarmTopicArn=<arn>."],
        )
    confirmed, pending = [], []
    for topic in topics:
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
            for subscription in page["Subscriptions"]:
                waits = subscription["SubscriptionArn"] in ("PendingConfirmation", "Deleted")
                (pending if waits else confirmed).append(subscription["Endpoint"])
    advice = [
        f"{address} has not confirmed the subscription of alarms: open the mail of AWS Notifications."
        for address in pending
    ]
    if not confirmed and not pending:
        advice.append(
            f"{topics[0]} has no subscriber:\n"
            f"aws sns subscribe --topic-arn {topics[0]} --protocol email --notification-endpoint <address>"
        )
    return Finding(f"{len(confirmed)} subscribed, {len(pending)} unconfirmed", advice)


def protection(deployed: Deployed) -> Finding:
    if deployed.termination_protection:
        return Finding("the stack is protected against deletion")
    advice = (
        "The stack can be deleted by one call: aws cloudformation update-termination-protection --stack-name "
        f"{deployed.name} --enable-termination-protection --region {deployed.region}"
    )
    return Finding("off", [advice] if deployed.stage == "prod" else [])


def domain(apigateway, deployed: Deployed) -> Finding:
    """The state of the custom domain, and where its DNS record has to point."""
    name = deployed.parameter("DomainName")
    if not name:
        return Finding("not made by this stack (DomainName is empty)")
    try:
        found = apigateway.get_domain_name(domainName=name)
    except apigateway.exceptions.NotFoundException:
        return Finding(f"{name} is missing", [f"API Gateway has no domain {name}: deploy again."])
    target, state = found.get("regionalDomainName", "?"), found.get("domainNameStatus", "AVAILABLE")
    advice = (
        [] if state == "AVAILABLE" else [f"The domain {name} is {state}: {found.get('domainNameStatusMessage', '')}"]
    )
    return Finding(f"{name} → {target} ({state})", advice)
