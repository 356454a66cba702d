"""Writes docs/configuration.md from the parameters of template.yaml.

    python -m operations.configuration          # writes the page; `make configuration` does

A test compares the page with what this would write, and fails for a parameter without a description or a line here.
"""

from pathlib import Path

from operations.template import Template

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "configuration.md"
TEMPLATE = ROOT / "template.yaml"

# What goes wrong with the default, or with a wrong value.
CONSEQUENCES = {
    "Stage": "In `prod` the sandbox is refused and alarms must reach somebody; a production stack named otherwise lacks both.",
    "PublicUrl": "The deployment is refused without it. A wrong one makes links, `iss` and the addresses of problems wrong.",
    "Issuer": "Verifiers that expect another `iss` refuse every token. A change ends the validity of all tokens.",
    "Audience": "Verifiers that expect another `aud` refuse every token.",
    "AppUrl": "The deployment is refused without it. A wrong one sends people who confirm or reset to a page that is not yours.",
    "MailFrom": "The deployment is refused without it. SES refuses every mail of an identity that is not verified.",
    "MailSenderName": "People see the name of the product as the sender.",
    "ProductName": "Mails speak of Verinym, which your customers do not know.",
    "SupportAddress": "Mails tell people to get in touch with support, and not how.",
    "MailLogoUrl": "Mails show the product's name in letters.",
    "MailColor": "Buttons have our blue. A light colour makes their white text illegible.",
    "CorsOrigins": "Browsers refuse every call from a page of another origin.",
    "EnumerationProtection": "When off, strangers find out who has an account.",
    "PasswordPolicy": "`classes` refuses long passphrases that `nist` takes.",
    "FourEyes": "When off, one reviewer alone can approve at high risk and clear a sanctions hit.",
    "ScreeningThreshold": "Lower gives more false hits, higher misses listed people.",
    "StaleListsClearNobody": "When off, people are cleared against lists that are too old or missing.",
    "RateLimitScale": "A large value leaves the API without limits of throughput.",
    "SandboxUrl": "Without a sandbox or another provider every check goes to reviewers.",
    "ArtifactRetention": "Earlier decisions can no longer be replayed once their lists are deleted.",
    "FipsEndpoints": "Functions fail at start where a region has no FIPS endpoint of a service.",
    "DualStackEndpoints": "Functions cannot reach AWS from a network that has IPv6 only.",
    "LogLevel": "`debug` costs much and shows little more; `error` hides what precedes a failure.",
    "LogRetention": "Older incidents can no longer be read in the logs. The audit log is not affected.",
    "DocumentRetention": "A short one makes a deletion by mistake final; a long one keeps deleted ciphertext.",
    "KeyRecoveryDays": "An erasure is final only when it has passed.",
    "DeletionProtection": "Tables can be deleted with the stack. Set it after the first deployment.",
    "AlarmEmail": "Nobody hears of alarms, unless `AlarmTopicArn` is set.",
    "AlarmTopicArn": "The stack makes a topic, to which only `AlarmEmail` is subscribed.",
    "RequestLimit": "Too low blocks offices and mobile networks that share an address.",
    "WebhookLimit": "Too low blocks the callbacks of a provider; polling finds the results later.",
    "SignInConcurrency": "Password hashing can use up the concurrency of the account.",
    "WorkerConcurrency": "A backlog can use up the concurrency of the account.",
    "MailConcurrency": "Too high is throttled by SES, and mails wait.",
    "ManageGatewayLogRole": "Two stacks that both set it take it from each other; with neither, the API cannot write logs.",
    "DomainName": "Clients use the gateway's address, which changes if the API is made anew.",
    "CertificateArn": "A domain without a certificate is refused.",
    "Architecture": "Packages of another architecture end at start with `exec format error`.",
}


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def values(parameter: dict) -> str:
    """Default and permitted values."""
    default = parameter.get("Default")
    text = "required" if default is None else "empty" if default == "" else f"`{default}`"
    if allowed := parameter.get("AllowedValues"):
        return f"{text}; one of " + ", ".join(f"`{value}`" for value in allowed)
    bounds = [f"{word} {parameter[key]}" for key, word in (("MinValue", "from"), ("MaxValue", "to")) if key in parameter]
    return "; ".join([text, " ".join(bounds)] if bounds else [text])


def page(template: Template) -> str:
    parameters = template.body["Parameters"]
    groups = template.body["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    lines = [
        "# Configuration: the parameters of the template",
        "",
        "Written by `make configuration` from `template.yaml`. Set parameters in `samconfig.toml`, one section per stage. A parameter holds in",
        "every stage unless its row says otherwise; `make up` sets those of the local stack (`localstack/deploy.py`).",
        "",
    ]
    for group in groups:
        lines += [f"## {group['Label']['default']}", "", "| parameter | meaning | default and values | what goes wrong |", "|---|---|---|---|"]
        for name in group["Parameters"]:
            one = parameters[name]
            lines.append(f"| `{name}` | {cell(one['Description'])} | {values(one)} | {cell(CONSEQUENCES[name])} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    PAGE.write_text(page(Template.read(TEMPLATE, {})))
    print(f"written: {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
