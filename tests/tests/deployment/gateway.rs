//! The gateway and the firewall before it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use verinym_tests::{
    deployment::{text_of, texts},
    samconfig::main_targets,
};

use crate::{api, local, prod};

#[test]
fn every_media_type_is_binary_on_aws_and_listed_ones_locally() {
    for target in main_targets() {
        assert_eq!(api(&target.deployment())["BinaryMediaTypes"], json!(["*~1*"]), "{}", target.name);
    }
    let local = api(&local("verinym"))["BinaryMediaTypes"].clone();
    assert!(texts(&local).contains("multipart/form-data") && !texts(&local).contains("*~1*"));
}

/// SAM makes a new deployment of the gateway when the definition changes, not when another property does.
#[test]
fn compression_stands_in_the_definition() {
    let api = api(&prod().deployment());
    assert_eq!(api["DefinitionBody"]["x-amazon-apigateway-minimum-compression-size"], 1024);
    assert!(api.get("MinimumCompressionSize").is_none());
}

#[test]
fn browsers_may_read_refusals_of_the_gateway() {
    let api = api(&prod().deployment());
    let responses = api["GatewayResponses"].as_object().unwrap();
    for kind in ["REQUEST_TOO_LARGE", "THROTTLED", "INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE", "WAF_FILTERED"] {
        assert!(responses.contains_key(kind), "{kind}");
    }
    for (kind, response) in responses {
        let headers = &response["ResponseParameters"]["Headers"];
        assert_eq!(headers["Access-Control-Allow-Origin"], "'*'", "{kind}");
        let exposed = text_of(&headers["Access-Control-Expose-Headers"]);
        assert!(exposed.contains("Retry-After") && exposed.contains("X-Correlation-Id"), "{kind}: {exposed}");
    }
}

#[test]
fn the_gateway_logs_each_call_without_personal_data_and_bills_no_metric_by_method() {
    for target in main_targets() {
        let deployment = target.deployment();
        let api = api(&deployment);
        assert_eq!(api["MethodSettings"][0]["MetricsEnabled"], false);
        let format = text_of(&api["AccessLogSetting"]["Format"]);
        let fields: Value = serde_json::from_str(&format).unwrap_or_else(|error| panic!("{error}: {format}"));
        assert_eq!(fields["request_id"], "$context.requestId", "the gateway refuses a format without it");
        for personal in ["sourceIp", "userAgent", "$context.path", "authorizer", "principalId"] {
            assert!(!format.contains(personal), "{personal} in the gateway's log");
        }
        assert!(deployment.of_type("AWS::ApiGateway::Account").contains_key("GatewayAccount"));
    }
    let elsewhere = prod().deployment_with(&[("ManageGatewayLogRole", "false")]).resources();
    assert!(!elsewhere.contains_key("GatewayAccount") && !elsewhere.contains_key("GatewayLogRole"));
    let local = local("verinym");
    assert!(api(&local).get("AccessLogSetting").is_none() && !local.resources().contains_key("GatewayLogs"));
}

#[test]
fn callbacks_of_providers_have_a_higher_limit_of_their_own() {
    let deployment = prod().deployment_with(&[("RequestLimit", "4000"), ("WebhookLimit", "90000")]);
    let rules = deployment.of_type("AWS::WAFv2::WebACL")["Firewall"]["Rules"].clone();
    let limit = |name: &str| {
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["Name"] == name).unwrap();
        rule["Statement"]["RateBasedStatement"].clone()
    };
    let (all, callbacks) = (limit("flood"), limit("flood-of-callbacks"));
    assert_eq!((&all["Limit"], &callbacks["Limit"]), (&json!("4000"), &json!("90000")));
    assert_eq!(all["ScopeDownStatement"]["NotStatement"]["Statement"], callbacks["ScopeDownStatement"]);
    let pattern = text_of(&callbacks["ScopeDownStatement"]["RegexMatchStatement"]["RegexString"]);
    assert_eq!(pattern, "^(/[^/]+)?/v1/providers/[^/]+/webhook$");
    let priorities: BTreeSet<_> = rules.as_array().unwrap().iter().map(|rule| rule["Priority"].as_u64()).collect();
    assert_eq!(priorities.len(), rules.as_array().unwrap().len(), "two rules of one priority are refused");
    let defaults = prod().deployment();
    let number = |name: &str| defaults.parameter(name).parse::<u64>().unwrap();
    assert!(number("WebhookLimit") > number("RequestLimit"));
}
