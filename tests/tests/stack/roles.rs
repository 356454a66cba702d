//! Roles that administrators make, and who may give them.

use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Person, Stack, people::tag};

fn name() -> String {
    format!("r{}", &tag()[..12])
}

async fn made(admin: &Client, permissions: &[&str], inherits: &[&str]) -> String {
    let name = name();
    let form = json!({"name": name, "permissions": permissions, "inherits": inherits});
    let answer = admin.post("/v1/admin/roles").json(&form).send().await.expect(201);
    assert!(answer.header("location").unwrap().ends_with(&format!("/v1/admin/roles/{name}")));
    name
}

async fn set(admin: &Client, person: &str, roles: &[&str]) -> ApiResponse {
    let path = format!("/v1/admin/users/{person}/roles");
    let shown = admin.get(&path).send().await.expect(200);
    let tag = shown.header("etag").unwrap().to_owned();
    admin.put(&path).header("if-match", &tag).json(&json!({"roles": roles})).send().await
}

async fn change(admin: &Client, role: &str, permissions: &[&str], inherits: &[&str]) -> ApiResponse {
    let form = json!({"permissions": permissions, "inherits": inherits});
    admin.put(&format!("/v1/admin/roles/{role}")).json(&form).send().await
}

/// A person who was just given these roles.
async fn holder(stack: &Stack, admin: &Client, roles: &[&str]) -> Person {
    let person = stack.person().await;
    let roles: Vec<_> = ["user"].iter().chain(roles).copied().collect();
    set(admin, &person.id, &roles).await.expect(200);
    person
}

async fn permissions(client: &Client) -> Value {
    client.get("/v1/auth/me").send().await.expect(200).json()["permissions"].clone()
}

#[tokio::test]
async fn what_a_role_permits_takes_effect_at_the_next_call() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let base = made(&admin, &["kyc:read"], &[]).await;
    let role = made(&admin, &["clients:*"], &[&base]).await;
    let person = stack.person().await;
    person.api.get("/v1/admin/kyc/checks").send().await.refused(403, "forbidden");
    set(&admin, &person.id, &["user", &role]).await.expect(200);
    // The token was issued before, and names no such role.
    person.api.get("/v1/admin/kyc/checks").send().await.expect(200);
    assert_eq!(permissions(&person.api).await, json!(["clients:manage", "clients:read", "kyc:read"]));
    let later = stack.client().login(&person.draft.email, &person.draft.password).await;
    for client in [&person.api, &later] {
        client.get("/v1/admin/clients").send().await.expect(200);
    }
    change(&admin, &base, &["audit:read"], &[]).await.expect(200);
    for client in [&person.api, &later] {
        client.get("/v1/admin/kyc/checks").send().await.refused(403, "forbidden");
        assert_eq!(permissions(client).await, json!(["audit:read", "clients:manage", "clients:read"]));
    }
    let left = set(&admin, &person.id, &["user"]).await.expect(200);
    for client in [&person.api, &later] {
        client.get("/v1/admin/clients").send().await.refused(403, "forbidden");
    }
    let path = format!("/v1/admin/users/{}/roles", person.id);
    admin.get(&path).header("if-none-match", left.header("etag").unwrap()).send().await.expect(304);
}

#[tokio::test]
async fn roles_are_listed_with_what_they_permit_and_each_edit_is_an_event() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let role = made(&admin, &["kyc:read"], &["auditor"]).await;
    let all = admin.all("/v1/admin/roles?limit=3").await;
    let found = |name: &str| all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} in {all:?}"));
    let shown = found(&role);
    assert_eq!((&shown["permissions"], &shown["inherits"]), (&json!(["kyc:read"]), &json!(["auditor"])));
    assert_eq!((&shown["system"], &shown["holders"], &shown["version"]), (&json!(false), &json!(0), &json!(1)));
    assert_eq!((&found("admin")["system"], &found("admin")["inherits"]), (&json!(true), &json!(["moderator"])));

    let stale = json!({"permissions": ["kyc:read"], "inherits": []});
    let path = format!("/v1/admin/roles/{role}");
    admin.put(&path).header("if-match", "\"7\"").json(&stale).send().await.refused(412, "stale_version");
    change(&admin, &role, &["kyc:read", "aml:read"], &[]).await.expect(200);
    admin.delete(&path).send().await.expect(204);
    admin.delete(&path).send().await.refused(404, "not_found");
    let day = admin.get("/v1/auth/me").send().await.json()["user"]["id"].clone();
    let events = admin.all(&format!("/v1/admin/audit-logs?actor={}&limit=100", day.as_str().unwrap())).await;
    let of_role = events.iter().filter(|event| event["data"]["name"] == role.as_str());
    let kinds: Vec<_> = of_role.map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["role.deleted", "role.changed", "role.created"]);
    // The name is free again.
    let again = json!({"name": role, "permissions": []});
    admin.post("/v1/admin/roles").json(&again).send().await.expect(201);
    admin.post("/v1/admin/roles").json(&again).send().await.refused(409, "role_name_taken");
}

#[tokio::test]
async fn a_role_in_use_and_a_system_role_stay() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let base = made(&admin, &["kyc:read"], &[]).await;
    let more = made(&admin, &[], &[&base]).await;
    let person = holder(&stack, &admin, &[&more]).await;
    for role in [&base, &more] {
        admin.delete(&format!("/v1/admin/roles/{role}")).send().await.refused(409, "role_in_use");
    }
    set(&admin, &person.id, &["user"]).await.expect(200);
    for role in [&more, &base] {
        admin.delete(&format!("/v1/admin/roles/{role}")).send().await.expect(204);
    }
    change(&admin, "admin", &["kyc:read"], &[]).await.refused(409, "system_role");
    admin.delete("/v1/admin/roles/auditor").send().await.refused(409, "system_role");
    let form = json!({"name": "admin", "permissions": []});
    admin.post("/v1/admin/roles").json(&form).send().await.refused(409, "system_role");
}

#[tokio::test]
async fn a_cycle_an_unknown_role_and_an_unknown_permission_are_refused() {
    let admin = Stack::get().admin().await;
    let first = made(&admin, &["kyc:read"], &[]).await;
    let second = made(&admin, &[], &[&first]).await;
    for (permissions, inherits, code) in [
        (&["kyc:read"][..], &[second.as_str()][..], "role_cycle"),
        (&["kyc:read"], &[first.as_str()], "role_cycle"),
        (&["kyc:read"], &["no-such-role"], "unknown_role"),
        (&["*:*"], &[], "invalid_permission"),
        (&["kyc:fly"], &[], "invalid_permission"),
    ] {
        let answer = change(&admin, &first, permissions, inherits).await.refused(400, "validation_failed");
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
}

/// Two roles that inherit each other only if both changes went through.
#[tokio::test]
async fn two_changes_at_once_make_no_cycle() {
    let admin = Stack::get().admin().await;
    let (first, second) = (made(&admin, &[], &[]).await, made(&admin, &[], &[]).await);
    let parents = ([second.as_str()], [first.as_str()]);
    let (one, other) = tokio::join!(change(&admin, &first, &[], &parents.0), change(&admin, &second, &[], &parents.1));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{one} {other}");
}

#[tokio::test]
async fn nobody_gives_what_they_lack_edits_their_own_role_or_raises_themselves() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let role = made(&admin, &["roles:*", "users:*", "kyc:read", "clients:manage"], &[]).await;
    let lead = holder(&stack, &admin, &[&role]).await;
    let lead_api = stack.client().login(&lead.draft.email, &lead.draft.password).await;

    // By a new role, directly or inherited, and by a wildcard over what they have a part of.
    for (permissions, inherits) in [
        (&["aml:review"][..], &[][..]),
        (&["clients:*"], &[]),
        (&["tokens:introspect"], &[]),
        (&[], &["admin"]),
        (&[], &["moderator"]),
    ] {
        let form = json!({"name": name(), "permissions": permissions, "inherits": inherits});
        lead_api.post("/v1/admin/roles").json(&form).send().await.refused(403, "beyond_own_permissions");
    }
    let own = made(&lead_api, &["kyc:read"], &[]).await;
    // By another person, who could then give it back.
    let friend = stack.person().await;
    set(&lead_api, &friend.id, &["user", "admin"]).await.refused(403, "beyond_own_permissions");
    set(&lead_api, &friend.id, &["user", &own]).await.expect(200);
    // By their own roles and their own role.
    set(&lead_api, &lead.id, &["user", &role, &own]).await.refused(403, "own_roles");
    change(&lead_api, &role, &["roles:*"], &[]).await.refused(403, "own_role");
    lead_api.delete(&format!("/v1/admin/roles/{role}")).send().await.refused(403, "own_role");
    // Nor do they take from those who have more.
    let auditor = holder(&stack, &admin, &["auditor"]).await;
    set(&lead_api, &auditor.id, &["user"]).await.refused(403, "beyond_own_permissions");
    // A machine client has no more than its maker.
    let form = json!({"name": "beyond", "scopes": ["aml:review"]});
    lead_api.post("/v1/admin/clients").json(&form).send().await.refused(403, "beyond_own_permissions");
}

#[tokio::test]
async fn roles_of_an_account_are_set_by_version_and_must_exist() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let person = stack.person().await;
    let path = format!("/v1/admin/users/{}/roles", person.id);
    let form = json!({"roles": ["user", "auditor"]});
    admin.put(&path).json(&form).send().await.refused(428, "if_match_required");
    admin.put(&path).header("if-match", "\"99\"").json(&form).send().await.refused(412, "stale_version");
    set(&admin, &person.id, &["user", "no-such-role"]).await.refused(400, "validation_failed");
    set(&admin, &person.id, &["auditor"]).await.refused(400, "validation_failed");
    let answer = set(&admin, &person.id, &["auditor", "user", "auditor"]).await.expect(200).json();
    assert_eq!(answer, json!({"user_id": person.id, "roles": ["auditor", "user"]}));
    let again = set(&admin, &person.id, &["user", "auditor"]).await.expect(200);
    assert_eq!(again.json(), answer);
}

#[tokio::test]
async fn introspection_tells_the_permissions_of_custom_roles() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let role = made(&admin, &["kyc:read"], &[]).await;
    let person = holder(&stack, &admin, &[&role]).await;
    let later = stack.client().login(&person.draft.email, &person.draft.password).await;
    for token in [person.api.token(), later.token()] {
        let told = crate::introspection::told(&stack, token).await;
        assert_eq!((&told["scope"], &told["roles"]), (&json!("kyc:read"), &json!([role, "user"])));
    }
}
