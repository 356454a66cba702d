//! The events and answers of Lambda authorizers: API Gateway asks whether a caller may call a customer's own API.
//!
//! | gateway | event | a valid token | any other |
//! |---|---|---|---|
//! | REST API, `TOKEN` | `authorizationToken`, `methodArn` | IAM policy | the error `Unauthorized`: 401 |
//! | REST API, WebSocket API, HTTP API with format 1.0, `REQUEST` | `headers`, `methodArn` | IAM policy | the error `Unauthorized`: 401 |
//! | HTTP API, format 2.0 with simple responses | `headers`, `routeArn` | `isAuthorized: true` | `isAuthorized: false`: 403 |
//!
//! Source: "Use API Gateway Lambda authorizers" and "Control access to HTTP APIs with AWS Lambda authorizers" in the API Gateway
//! developer guide.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    domain::secret::SecretText,
    error::{RequestError, Result},
    http::bearer_token,
};

/// A question of API Gateway, in any of its formats. Members that decide nothing are not read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizerEvent {
    /// Only in events of HTTP APIs.
    version: Option<String>,
    /// Of a `TOKEN` authorizer: the header that it is configured for.
    authorization_token: Option<SecretText>,
    headers: Option<BTreeMap<String, SecretText>>,
    /// `arn:aws:execute-api:<region>:<account>:<API>/<stage>/<method>/<path>`.
    method_arn: Option<String>,
}

/// What the gateway does with the call.
#[derive(Debug, PartialEq, Eq)]
pub struct AuthorizerAnswer(Value);

impl Serialize for AuthorizerAnswer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl AuthorizerEvent {
    /// The bearer token of the call, if it has one.
    pub fn token(&self) -> Option<&str> {
        let header = || {
            let mut headers = self.headers.iter().flatten();
            headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization")).map(|(_, value)| value)
        };
        bearer_token(self.authorization_token.as_ref().or_else(header)?.expose())
    }

    /// Lets the call pass, with these facts for the customer's integration. API Gateway passes on texts, numbers and booleans only.
    pub fn allow(&self, subject: &str, context: &Map<String, Value>) -> Result<AuthorizerAnswer> {
        if self.has_simple_answers() {
            return Ok(AuthorizerAnswer(json!({ "isAuthorized": true, "context": context })));
        }
        let resource = self.every_method().ok_or(RequestError::Malformed("methodArn"))?;
        Ok(AuthorizerAnswer(json!({
            "principalId": subject,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{ "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": resource }],
            },
            "context": context,
        })))
    }

    /// Refuses the call. A policy that denies would be answered with 403, and a client would not refresh its token.
    pub fn refuse(&self) -> Result<AuthorizerAnswer> {
        if self.has_simple_answers() {
            return Ok(AuthorizerAnswer(json!({ "isAuthorized": false })));
        }
        Err(RequestError::Unauthenticated.into())
    }

    fn has_simple_answers(&self) -> bool {
        self.version.as_deref() == Some("2.0")
    }

    /// All methods of the API's stage: API Gateway keeps the answer for the token, and asks the same policy about other paths.
    fn every_method(&self) -> Option<String> {
        let mut parts = self.method_arn.as_deref()?.split('/');
        let (api, stage) = (parts.next()?, parts.next()?);
        api.contains(":execute-api:").then(|| format!("{api}/{stage}/*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    const METHOD: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/prod/GET/orders/7";

    fn event(json: Value) -> AuthorizerEvent {
        serde_json::from_value(json).unwrap()
    }

    /// Events as the developer guide shows them.
    fn of_every_gateway(header: &str) -> [AuthorizerEvent; 4] {
        [
            event(json!({ "type": "TOKEN", "authorizationToken": header, "methodArn": METHOD })),
            event(json!({
                "type": "REQUEST", "methodArn": METHOD, "resource": "/orders/{id}", "path": "/orders/7", "httpMethod": "GET",
                "headers": { "X-AMZ-Date": "20170718T062915Z", "authorization": header },
                "queryStringParameters": { "a": "b" }, "pathParameters": {}, "stageVariables": {},
                "requestContext": { "path": "/orders/7", "accountId": "123456789012", "stage": "prod" },
            })),
            event(json!({
                "version": "1.0", "type": "REQUEST", "methodArn": METHOD, "identitySource": header,
                "authorizationToken": header, "headers": { "Authorization": header },
            })),
            event(json!({
                "version": "2.0", "type": "REQUEST", "routeArn": METHOD, "identitySource": [header],
                "routeKey": "GET /orders/{id}", "headers": { "authorization": header },
            })),
        ]
    }

    #[test]
    fn every_gateways_token_is_found() {
        for event in of_every_gateway("Bearer abc") {
            assert_eq!(event.token(), Some("abc"), "{event:?}");
        }
        for header in ["", "Bearer", "Basic abc", "abc", "Bearer  "] {
            for event in of_every_gateway(header) {
                assert_eq!(event.token(), None, "{header}");
            }
        }
        assert_eq!(event(json!({ "methodArn": METHOD, "headers": null })).token(), None);
        assert_eq!(event(json!({})).token(), None);
    }

    #[test]
    fn a_policy_covers_all_methods_of_the_stage_and_nothing_else() {
        let context = Map::from_iter([("sid".to_owned(), "sess_1".into())]);
        let [token, .., simple] = of_every_gateway("Bearer abc");
        let answer = token.allow("user_1", &context).unwrap().0;
        assert_eq!(answer["principalId"], "user_1");
        assert_eq!(answer["context"], json!({ "sid": "sess_1" }));
        let statement = json!([{
            "Action": "execute-api:Invoke", "Effect": "Allow",
            "Resource": "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/prod/*",
        }]);
        assert_eq!(answer["policyDocument"], json!({ "Version": "2012-10-17", "Statement": statement }));
        let answer = simple.allow("user_1", &context).unwrap().0;
        assert_eq!(answer, json!({ "isAuthorized": true, "context": { "sid": "sess_1" } }));
    }

    #[test]
    fn a_call_of_no_api_is_never_allowed() {
        for arn in ["", "*", "a/b/c", "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3"] {
            let event = event(json!({ "type": "TOKEN", "authorizationToken": "Bearer abc", "methodArn": arn }));
            assert!(event.allow("user_1", &Map::new()).is_err(), "{arn}");
        }
    }

    #[test]
    fn a_refusal_is_an_error_where_the_gateway_answers_it_with_401() {
        let [policies @ .., simple] = of_every_gateway("Bearer abc");
        for event in policies {
            assert!(matches!(event.refuse(), Err(Error::Request(RequestError::Unauthenticated))), "{event:?}");
        }
        assert_eq!(simple.refuse().unwrap().0, json!({ "isAuthorized": false }));
    }

    #[test]
    fn no_token_shows_in_debug() {
        for event in of_every_gateway("Bearer s3cret") {
            assert!(!format!("{event:?}").contains("s3cret"));
        }
    }
}
