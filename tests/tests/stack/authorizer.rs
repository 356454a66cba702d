//! The functions that are invoked by somebody else than our own gateway and queues: the Lambda authorizer, and rotations on demand.

use serde_json::{Value, json};
use verinym_tests::{Client, Stack};

const METHOD: &str = "arn:aws:execute-api:eu-central-1:000000000000:orders/prod/GET/orders";

fn of_rest_api(token: &str) -> Value {
    json!({"type": "TOKEN", "authorizationToken": format!("Bearer {token}"), "methodArn": METHOD})
}

fn of_http_api(token: &str) -> Value {
    let headers = json!({"authorization": format!("Bearer {token}")});
    json!({"version": "2.0", "type": "REQUEST", "routeArn": METHOD, "headers": headers})
}

async fn authorized(stack: &Stack, event: Value) -> Result<Value, String> {
    stack.aws().invocation("auth-authorizer", &event).await
}

/// Neither kind of gateway lets this token pass.
async fn is_refused(stack: &Stack, token: &str) {
    // API Gateway answers with 401 for this text alone.
    assert_eq!(authorized(stack, of_rest_api(token)).await, Err("Unauthorized".to_owned()));
    assert_eq!(authorized(stack, of_http_api(token)).await, Ok(json!({"isAuthorized": false})));
}

#[tokio::test]
async fn the_authorizer_admits_a_live_session_until_it_ends() {
    let stack = Stack::get();
    let person = stack.person().await;
    let token = person.api.token().to_owned();
    let answer = authorized(&stack, of_rest_api(&token)).await.unwrap();
    assert_eq!(answer["principalId"], person.id);
    let statement = &answer["policyDocument"]["Statement"][0];
    assert_eq!(statement["Effect"], "Allow");
    assert_eq!(statement["Resource"], "arn:aws:execute-api:eu-central-1:000000000000:orders/prod/*");
    let context =
        json!({"sub": person.id, "sid": person.api.session_id(), "roles": "user", "kyc_status": "none", "amr": "pwd"});
    let same = |shown: &Value| context.as_object().unwrap().iter().all(|(name, value)| shown[name] == *value);
    assert!(same(&answer["context"]), "{answer}");
    assert!(answer["context"].as_object().unwrap().values().all(|value| value.is_string() || value.is_number()));
    let answer = authorized(&stack, of_http_api(&token)).await.unwrap();
    assert!(answer["isAuthorized"] == true && same(&answer["context"]), "{answer}");

    is_refused(&stack, "nonsense").await;
    let (signed, _) = token.rsplit_once('.').unwrap();
    is_refused(&stack, &format!("{signed}.c2ln")).await;
    person.api.post("/v1/auth/logout").send().await.expect(204);
    is_refused(&stack, &token).await;
}

/// On a stack that was just made the keys are too young for an order; nobody is signed out in either case.
#[tokio::test]
async fn an_order_to_rotate_keys_leaves_tokens_valid_and_a_wrong_one_is_refused() {
    let stack = Stack::get();
    let person = stack.person().await;
    for keys in ["signing", "tokens", "key_encryption"] {
        let order = json!({"keys": keys, "leaked": false});
        let answer = stack.aws().invoke("workers-rotate-keys-now", &order).await;
        assert!(answer["written"].is_u64(), "{keys}: {answer}");
    }
    person.api.get("/v1/auth/me").send().await.expect(200);
    refresh(&person.api).await;
    for order in [json!({}), json!({"keys": "indexes", "leaked": false}), json!({"keys": "signing"})] {
        assert!(stack.aws().invocation("workers-rotate-keys-now", &order).await.is_err(), "{order}");
    }
}

async fn refresh(client: &Client) {
    let form = json!({"refresh_token": client.refresh_token()});
    client.stranger().post("/v1/auth/refresh").json(&form).send().await.expect(200);
}
