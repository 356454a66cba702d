//! Deployments without an outside provider: documents are inspected, the name is screened, a reviewer decides.

use serde_json::{Value, json};
use verinym_tests::{Stack, people::tag, world::World};

use crate::{crash::Applicant, staff_reads::moderator_of};

/// The lists of the local stack are samples, which are always stale in other stages.
const SAMPLES_CLEAR: (&str, &str) = ("STALE_LISTS_CLEAR_NOBODY", "false");

async fn stored(world: &World, id: &str) -> Value {
    let items = world.aws.scan_named(&world.table("kyc")).await;
    items.into_iter().find(|item| item["id"]["S"] == id).expect("the check")
}

fn reasons(check: &Value) -> Vec<&str> {
    check["reasons"]["L"].as_array().unwrap().iter().map(|reason| reason["S"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn without_a_sandbox_a_check_is_inspected_screened_and_decided_by_a_reviewer() {
    for variables in [
        &[("STAGE", "prod"), ("SANDBOX_URL", ""), SAMPLES_CLEAR][..],
        &[("STAGE", "prod"), SAMPLES_CLEAR],
        &[("STAGE", "staging"), SAMPLES_CLEAR],
        &[("STAGE", "dev"), ("SANDBOX_URL", ""), SAMPLES_CLEAR],
        &[("SANDBOX_URL", "")],
    ] {
        let world = World::new(&Stack::get(), variables).await;
        let applicant = Applicant::new(&world).await;
        let document = applicant.upload(&format!("BAD-{}", tag())).await;
        world.settle(None).await;
        let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
        let id = check["id"].as_str().unwrap();
        world.settle(None).await;
        let check = stored(&world, id).await;
        assert_eq!(
            (&check["state"]["S"], reasons(&check)),
            (&json!("in_review"), vec!["manual_review"]),
            "{variables:?}"
        );
        assert_eq!(check["policy"]["M"]["provider"]["S"], "manual");
        assert_eq!((&check["screening"]["M"]["done"]["BOOL"], &check["attempts"]["N"]), (&json!(true), &json!("0")));
        let done = check["steps_done"]["L"].to_string();
        assert!(done.contains("documents") && done.contains("screening") && !done.contains("provider"), "{done}");
        let seen = applicant.call("kyc-get-check", &[("id", id)], &Value::Null).await;
        crate::applicant_view::is_applicant_view(&seen);

        let moderator = moderator_of(&world).await;
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("if-match", format!("\"{}\"", check["version"]["N"].as_str().unwrap())),
        ];
        let body = json!({"decision": "approve"}).to_string().into_bytes();
        let decided = world.send("kyc-decide-check", Some(&moderator), &[("id", id)], &headers, body).await.expect(200);
        assert_eq!((&decided["state"], &decided["provider"]), (&json!("approved"), &json!("manual")));
        world.settle(None).await;
        assert_eq!(applicant.call("kyc-status", &[], &Value::Null).await["kyc_status"], "approved");
    }
}

#[tokio::test]
async fn a_sample_of_a_list_clears_nobody_outside_of_the_local_stack() {
    let world = World::new(&Stack::get(), &[("STAGE", "staging"), ("SANDBOX_URL", "")]).await;
    let applicant = Applicant::new(&world).await;
    let document = applicant.upload(&format!("OK-{}", tag())).await;
    world.settle(None).await;
    let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
    world.settle(None).await;
    let check = stored(&world, check["id"].as_str().unwrap()).await;
    assert!(reasons(&check).contains(&"lists_stale"), "{check}");
    let moderator = moderator_of(&world).await;
    let form = json!({"name": "Brunhilde Xylander"});
    let screened = world.call("aml-screen-name", Some(&moderator), &[], &form).await.expect(200);
    assert_eq!((&screened["lists_current"], &screened["lists"][0]["sample"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn the_sandbox_is_refused_in_prod_and_checks_begun_with_it_go_to_review() {
    let world = World::new(&Stack::get(), &[("STAGE", "prod"), SAMPLES_CLEAR]).await;
    let path = [("provider", "sandbox")];
    let refused = world.call("webhooks-receive-provider", None, &path, &json!({})).await;
    assert_eq!((refused.status, &refused.body["code"]), (404, &json!("not_found")));
    let manual = world.call("webhooks-receive-provider", None, &[("provider", "manual")], &json!({})).await;
    assert_eq!(manual.status, 404);

    let applicant = Applicant::new(&world).await;
    let document = applicant.upload(&format!("OK-{}", tag())).await;
    world.settle(None).await;
    let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
    let id = check["id"].as_str().unwrap();
    let item = stored(&world, id).await;
    let set = json!({
        "TableName": world.table("kyc"), "Key": {"pk": item["pk"], "sk": item["sk"]},
        "UpdateExpression": "SET policy.provider = :sandbox", "ExpressionAttributeValues": {":sandbox": {"S": "sandbox"}},
    });
    world.aws.call("dynamodb", "DynamoDB_20120810.UpdateItem", &set).await;
    world.settle(None).await;
    let check = stored(&world, id).await;
    assert_eq!((&check["state"]["S"], reasons(&check)), (&json!("in_review"), vec!["provider_unavailable"]));
}
