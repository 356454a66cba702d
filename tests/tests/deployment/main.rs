//! The templates as `CloudFormation` evaluates them for each stage of `samconfig.toml`. The local stack has only one stage with other
//! parameters, so what is deployed to AWS is tested here.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod gateway;
mod operation;
mod rights;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use verinym::config::{Config, Section, names::Queue};
use verinym_tests::{
    deployment::{Deployment, text_of, texts},
    samconfig::{Target, main_targets, targets},
    template::Template,
    workspace::root,
};

const FUNCTION: &str = "AWS::Serverless::Function";
/// The longest allowed name of a stack: the longest bucket is `<stack>-documents-<account>-<region>`, of 63.
const LONGEST_STACK_NAME: usize = 25;
const LONGEST_REGION: &str = "ap-southeast-1";

/// What the local stack is deployed with (`localstack/deploy.py`), as far as conditions depend on it.
fn local(stack: &str) -> Deployment {
    let url = "http://localhost.localstack.cloud:65535/_aws/execute-api/abcdefghij/local";
    let given = [
        ("Stage", "local"),
        ("PublicUrl", url),
        ("AppUrl", "http://localhost:3000"),
        ("MailFrom", "no-reply@verinym.example"),
        ("CorsOrigins", "http://localhost:3000"),
        ("SandboxUrl", "http://localhost.localstack.cloud:65535/_aws/execute-api/abcdefghij/sandbox"),
        ("RateLimitScale", "10000"),
    ];
    Deployment::new(&Template::main(), stack, "eu-central-1", &given)
}

fn prod() -> Target {
    main_targets().into_iter().find(|target| target.name == "prod").unwrap()
}

#[test]
fn each_stage_is_deployed_by_a_target_and_breaks_no_rule() {
    let targets = main_targets();
    let stages: BTreeSet<_> = targets.iter().map(|target| target.deployment().parameter("Stage").to_owned()).collect();
    assert_eq!(stages, BTreeSet::from(["dev", "staging", "prod"].map(str::to_owned)));
    for target in targets {
        assert_eq!(target.deployment().broken_rules(), Vec::<String>::new(), "{}", target.name);
    }
    assert_eq!(local("verinym").broken_rules(), Vec::<String>::new());
}

#[test]
fn a_deployment_that_would_fail_or_alarm_nobody_is_refused() {
    let refused: [(&[(&str, &str)], &str); 6] = [
        (&[("AlarmEmail", "")], "AlarmEmail or AlarmTopicArn"),
        (&[("DomainName", "api.example.com")], "CertificateArn"),
        (&[("CertificateArn", "arn:aws:acm:eu-central-1:123456789012:certificate/a")], "DomainName"),
        (&[("SandboxUrl", "https://sandbox.example")], "sandbox"),
        (&[("WorkerConcurrency", "1")], "WorkerConcurrency"),
        (&[("AlarmEmail", ""), ("DomainName", "api.example.com")], "AlarmEmail"),
    ];
    for (given, word) in refused {
        let broken = prod().deployment_with(given).broken_rules();
        assert!(broken.iter().any(|description| description.contains(word)), "{given:?}: {broken:?}");
    }
    let topic = [("AlarmEmail", ""), ("AlarmTopicArn", "arn:aws:sns:eu-central-1:123456789012:ours")];
    assert_eq!(prod().deployment_with(&topic).broken_rules(), Vec::<String>::new());
}

#[test]
fn the_code_derives_the_names_that_the_template_gives() {
    for target in main_targets() {
        let deployment = target.deployment();
        let environments = deployment.environments();
        let config = Config::from_lookup(&Section::ALL, |name| match name {
            "AWS_REGION" => Some(target.region.clone()),
            name => environments.values().find_map(|environment| environment.get(name).cloned()),
        })
        .unwrap();
        let (t, q, s) = (&config.tables, &config.queues, &config.secrets);
        let names = [
            ("IdentityTable", &t.identity),
            ("KeysTable", &t.keys),
            ("KycTable", &t.kyc),
            ("EventsTable", &t.events),
            ("OutboundTable", &t.outbound),
            ("EphemeralTable", &t.ephemeral),
            ("DocumentsBucket", &config.documents_bucket),
            ("ListsBucket", &config.lists_bucket),
            ("SigningSecret", &s.signing),
            ("VerificationSecret", &s.verification),
            ("TokensSecret", &s.tokens),
            ("IndexesSecret", &s.indexes),
            ("SandboxSecret", &s.sandbox),
            ("SocialSecret", &s.social),
        ];
        for (resource, derived) in names {
            assert_eq!(*derived, deployment.name_of(resource), "{resource}");
        }
        let base = format!("https://sqs.{}.amazonaws.com/123456789012", target.region);
        for queue in Queue::ALL.iter().copied() {
            let resource = format!("{queue:?}Queue");
            assert_eq!(q.url(queue), format!("{base}/{}", deployment.name_of(&resource)), "{resource}");
        }
        assert_eq!(config.tokens().unwrap().issuer, config.public_url);
    }
}

#[test]
fn names_fit_what_aws_allows_for_the_longest_stack_name() {
    for target in targets() {
        let name = &target.stack_name;
        let fits = name.len() <= LONGEST_STACK_NAME
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(fits, "stack name {name}");
    }
    let mut target = prod();
    target.stack_name = "s".repeat(LONGEST_STACK_NAME);
    target.region = LONGEST_REGION.to_owned();
    let deployment = target.deployment();
    let limits = [("AWS::S3::Bucket", 63), (FUNCTION, 64), ("AWS::SQS::Queue", 80), ("AWS::DynamoDB::Table", 255)];
    for (kind, limit) in limits {
        for name in deployment.of_type(kind).keys() {
            let name = deployment.name_of(name);
            assert!(name.len() <= limit, "{name} has {} of {limit} characters", name.len());
        }
    }
}

/// Secrets Manager takes a name that ends in a hyphen and six characters for one with its own random suffix.
#[test]
fn no_secret_s_name_looks_like_a_complete_arn() {
    for target in targets() {
        let deployment = target.deployment();
        for secret in deployment.of_type("AWS::SecretsManager::Secret").keys() {
            let name = deployment.name_of(secret);
            assert!(name.rsplit_once('-').is_none_or(|(_, last)| last.len() != 6), "{name}");
        }
    }
}

/// Lambda allows 4 KB in all. Counted as JSON, which is more than Lambda counts.
#[test]
fn each_environment_leaves_room_with_the_longest_plausible_values() {
    const MOST: usize = 2_560;
    let long = |scheme: &str, length: usize| format!("{scheme}{}", "x".repeat(length - scheme.len()));
    let url = long("https://", 120);
    let origins = vec![long("https://", 60); 6].join(",");
    let mail = long("no-reply@", 100);
    let given = [
        ("PublicUrl", url.as_str()),
        ("Issuer", &url),
        ("AppUrl", &url),
        ("MailFrom", &mail),
        ("CorsOrigins", &origins),
    ];
    let mut longest: Vec<_> = main_targets()
        .into_iter()
        .map(|mut target| {
            target.stack_name = "s".repeat(LONGEST_STACK_NAME);
            target.region = LONGEST_REGION.to_owned();
            let sandbox = if target.name == "prod" { "" } else { url.as_str() };
            (target.name.clone(), target.deployment_with(&[&given[..], &[("SandboxUrl", sandbox)]].concat()))
        })
        .collect();
    longest.push(("local".to_owned(), local(&"s".repeat(LONGEST_STACK_NAME))));
    for (stage, deployment) in longest {
        for (function, environment) in deployment.environments() {
            let size = json!(environment).to_string().len();
            assert!(size <= MOST, "{function} in {stage}: {size} of {MOST} bytes");
            // The platform's own; a value of ours would be refused.
            let reserved = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER", "TZ"];
            assert!(reserved.iter().all(|name| !environment.contains_key(*name)), "{function}: {environment:?}");
        }
    }
}

/// With `Retain` a retry after a failed first deployment finds the names taken. Protected tables could not be removed by
/// the rollback either, so the protection is switched on afterwards.
#[test]
fn a_failed_first_deployment_leaves_nothing_and_a_good_one_loses_nothing() {
    let kept = ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"];
    let deployment = prod().deployment();
    for (name, resource) in deployment.resources() {
        if kept.contains(&text_of(&resource["Type"]).as_str()) {
            assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{name}");
            assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{name}");
        }
        assert_ne!(resource["DeletionPolicy"], "Retain", "{name}");
    }
    for (protected, given) in [("false", &[][..]), ("true", &[("DeletionProtection", "true")][..])] {
        let tables = prod().deployment_with(given).of_type("AWS::DynamoDB::Table");
        assert!(tables.values().all(|table| table["DeletionProtectionEnabled"] == protected), "{given:?}");
    }
}

fn api(deployment: &Deployment) -> Value {
    deployment.of_type("AWS::Serverless::Api")["Api"].clone()
}

/// `make package` builds for the template's default architecture; with another one nothing would start.
#[test]
fn one_place_decides_the_architecture() {
    for target in targets() {
        let told = target.overrides.iter().any(|(name, _)| name == "Architecture");
        assert!(!told, "{} sets Architecture, and make package does not know", target.name);
    }
    let default = Template::main().default_of("Architecture");
    assert_eq!(Template::sandbox().default_of("Architecture"), default);
    let make = |arguments: &[&str]| {
        let mut make = std::process::Command::new("make");
        make.args(["--dry-run", "package"]).args(arguments).current_dir(root());
        for variable in ["ARCH", "STACK", "BUILD_ONLY", "MAKEFLAGS", "MAKELEVEL"] {
            make.env_remove(variable);
        }
        let output = make.output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    };
    let (flag, other) = if default == "arm64" { ("--arm64", "x86_64") } else { ("--x86-64", "arm64") };
    assert!(make(&[]).unwrap().contains(flag));
    assert_eq!(make(&[&format!("ARCH={other}")]), None, "packages that the template would not run");
    for (name, function) in prod().deployment().of_type(FUNCTION) {
        assert_eq!(texts(&function["Architectures"]), BTreeSet::from([default.clone()]), "{name}");
    }
}
