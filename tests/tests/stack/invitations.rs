//! Staff by invitation: roles that an administrator offers by mail.

use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Draft, Person, Stack, people::tag, second_factor::enroll};

use crate::{
    administration::{event, with_role},
    clients::{made, signed_in},
};

const INVITATIONS: &str = "/v1/admin/invitations";

async fn invite(by: &Client, email: &str, roles: &[&str]) -> ApiResponse {
    by.post(INVITATIONS).key(&tag()).json(&json!({"email": email, "roles": roles})).send().await
}

async fn accept(stack: &Stack, form: &Value) -> ApiResponse {
    stack.client().post("/v1/auth/invitations/accept").json(form).send().await
}

async fn token(stack: &Stack, email: &str, known: Option<&str>) -> String {
    stack.link(email, "accept-invitation", known).await.token().unwrap()
}

async fn roles(by: &Client, user: &str) -> Value {
    by.get(&format!("/v1/admin/users/{user}")).send().await.expect(200).json()["roles"].clone()
}

/// A person who invites moderators and may do nothing else.
async fn inviter(stack: &Stack, admin: &Client) -> (Person, String) {
    let name = format!("i{}", &tag()[..12]);
    let form = json!({"name": name, "permissions": ["users:manage"], "inherits": ["moderator"]});
    admin.post("/v1/admin/roles").json(&form).send().await.expect(201);
    (with_role(stack, admin, &name).await, name)
}

async fn set_roles(by: &Client, user: &str, roles: &[&str]) {
    let path = format!("/v1/admin/users/{user}/roles");
    let etag = by.get(&path).send().await.expect(200).header("etag").unwrap().to_owned();
    by.put(&path).header("if-match", &etag).json(&json!({"roles": roles})).send().await.expect(200);
}

#[tokio::test]
async fn an_invited_person_without_an_account_sets_a_password_and_has_the_roles() {
    let stack = Stack::get();
    let (admin, draft) = (stack.admin().await, Draft::new());
    let invited = invite(&admin, &draft.email, &["moderator", "user"]).await.expect(202).json();
    let user = invited["user_id"].as_str().unwrap();
    assert_eq!((&invited["roles"], roles(&admin, user).await), (&json!(["moderator"]), json!(["user"])));
    let listed = admin.all(INVITATIONS).await;
    assert!(listed.iter().any(|one| one == &invited), "{listed:?}");
    assert!(!json!(listed).to_string().contains(&draft.email));

    let token = token(&stack, &draft.email, None).await;
    let alone = accept(&stack, &json!({"token": token})).await.expect(400);
    assert!(alone.faults().iter().any(|fault| fault.contains("password")), "{alone}");
    let weak = json!({"token": token, "password": draft.email});
    accept(&stack, &weak).await.expect(400);
    let form = json!({"token": token, "password": draft.password, "given_name": "Grace", "family_name": "Hopper"});
    accept(&stack, &form).await.expect(204);
    accept(&stack, &form).await.refused(400, "invalid_token");
    let api = stack.client().login(&draft.email, &draft.password).await;
    let me = api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["roles"], &me["user"]["given_name"]), (&json!(["user", "moderator"]), &json!("Grace")));
    api.get("/v1/admin/kyc/checks").send().await.expect(200);
    assert!(admin.all(INVITATIONS).await.iter().all(|one| one["user_id"] != user));

    let own = admin.get("/v1/auth/me").send().await.expect(200).json()["user"]["id"].clone();
    let accepted = event(&stack, user, "user.invitation_accepted").await;
    assert_eq!((&accepted["data"]["invited_by"], &accepted["data"]["granted"]), (&own, &json!(["moderator"])));
    assert_eq!(event(&stack, user, "user.invited").await["actor"]["id"], own);
}

#[tokio::test]
async fn an_account_that_exists_keeps_its_password_and_second_factor() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    let _authenticator = enroll(&person.api).await;
    invite(&admin, &person.draft.email, &["moderator"]).await.expect(202);
    let token = token(&stack, &person.draft.email, None).await;
    let form = json!({"token": token, "password": "of whoever reads the mailbox", "given_name": "Eve"});
    let refused = accept(&stack, &form).await.expect(400);
    assert_eq!(refused.faults().len(), 2, "{refused}");
    accept(&stack, &json!({"token": token})).await.expect(204);
    // The session goes on, and the roles count at its next call.
    let me = person.api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["roles"], &me["user"]["mfa_enabled"]), (&json!(["user", "moderator"]), &json!(true)));
    let login = json!({"email": person.draft.email, "password": person.draft.password});
    let challenge = stack.client().post("/v1/auth/login").json(&login).send().await.expect(200).json();
    assert_eq!(challenge["mfa_required"], json!(true), "{challenge}");
}

/// The pre-hijack: roles must not go to an account whose password a stranger chose.
#[tokio::test]
async fn a_stranger_who_registered_the_address_before_does_not_become_staff() {
    let stack = Stack::get();
    let (admin, stranger) = (stack.admin().await, Draft::new());
    let registered = stack.registered(&stranger).await;
    let invited = invite(&admin, &stranger.email, &["admin"]).await.expect(202).json();
    assert_eq!(invited["user_id"], registered["id"]);
    let token = token(&stack, &stranger.email, None).await;
    accept(&stack, &json!({"token": token})).await.expect(400);
    let own = format!("of the owner {}", tag());
    accept(&stack, &json!({"token": token, "password": own, "given_name": "Grace"})).await.expect(204);
    let login = json!({"email": stranger.email, "password": stranger.password});
    stack.client().post("/v1/auth/login").json(&login).send().await.refused(401, "invalid_credentials");
    let api = stack.client().login(&stranger.email, &own).await;
    let me = api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["given_name"], &me["user"]["family_name"]), (&json!("Grace"), &json!(null)));
    assert_eq!(me["user"]["date_of_birth"], json!(null));
}

#[tokio::test]
async fn an_invitation_is_void_once_its_author_may_not_give_the_roles() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let (author, role) = inviter(&stack, &admin).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let draft = Draft::new();
        invite(&author.api, &draft.email, &["moderator"]).await.expect(202);
        tokens.push((token(&stack, &draft.email, None).await, draft.password.clone(), draft.email));
    }
    let form = |(token, password, _): &(String, String, String)| json!({"token": token, "password": password});
    // Demoted, given the role again, and locked.
    set_roles(&admin, &author.id, &["user"]).await;
    accept(&stack, &form(&tokens[0])).await.refused(400, "invalid_token");
    set_roles(&admin, &author.id, &["user", &role]).await;
    accept(&stack, &form(&tokens[0])).await.expect(204);
    let lock = format!("/v1/admin/users/{}/lock", author.id);
    admin.put(&lock).json(&json!({"reason": "other"})).send().await.expect(204);
    accept(&stack, &form(&tokens[1])).await.refused(400, "invalid_token");
    let login = json!({"email": tokens[1].2, "password": tokens[1].1});
    stack.client().post("/v1/auth/login").json(&login).send().await.refused(401, "invalid_credentials");
}

/// Whatever the order: an acceptance that succeeds gives the role, and one that is refused gives nothing.
#[tokio::test]
async fn of_acceptances_at_once_one_succeeds_and_none_beside_a_demotion_slips_through() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let draft = Draft::new();
    invite(&admin, &draft.email, &["moderator"]).await.expect(202);
    let form = json!({"token": token(&stack, &draft.email, None).await, "password": draft.password});
    let answers = futures::future::join_all((0..4).map(|_| accept(&stack, &form))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status == 204 || answer.status == 400), "{answers:?}");

    let (author, _) = inviter(&stack, &admin).await;
    let draft = Draft::new();
    let invited = invite(&author.api, &draft.email, &["moderator"]).await.expect(202).json();
    let form = json!({"token": token(&stack, &draft.email, None).await, "password": draft.password});
    let (answer, ()) = futures::join!(accept(&stack, &form), set_roles(&admin, &author.id, &["user"]));
    let user = invited["user_id"].as_str().unwrap();
    let held = roles(&admin, user).await;
    if answer.status == 204 {
        assert_eq!(held, json!(["user", "moderator"]));
    } else {
        answer.refused(400, "invalid_token");
        assert_eq!(held, json!(["user"]));
    }
}

#[tokio::test]
async fn a_newer_invitation_voids_the_one_before_and_a_revoked_one_is_void() {
    let stack = Stack::get();
    let (admin, draft) = (stack.admin().await, Draft::new());
    let invited = invite(&admin, &draft.email, &["moderator"]).await.expect(202).json();
    let first = token(&stack, &draft.email, None).await;
    let again = invite(&admin, &draft.email, &["auditor"]).await.expect(202).json();
    assert_eq!((&again["user_id"], &again["roles"]), (&invited["user_id"], &json!(["auditor"])));
    let second = token(&stack, &draft.email, Some(&first)).await;
    let form = |token: &str| json!({"token": token, "password": draft.password});
    accept(&stack, &form(&first)).await.refused(400, "invalid_token");
    let path = format!("{INVITATIONS}/{}", again["user_id"].as_str().unwrap());
    admin.delete(&path).send().await.expect(204);
    admin.delete(&path).send().await.refused(404, "not_found");
    accept(&stack, &form(&second)).await.refused(400, "invalid_token");
    // The token of another purpose accepts nothing.
    let person = stack.person().await;
    stack
        .client()
        .post("/v1/auth/password/forgot")
        .json(&json!({"email": person.draft.email}))
        .send()
        .await
        .expect(202);
    let reset = stack.link(&person.draft.email, "reset-password", None).await.token().unwrap();
    accept(&stack, &json!({"token": reset})).await.refused(400, "invalid_token");
}

#[tokio::test]
async fn nobody_offers_what_they_lack_and_no_machine_client_invites() {
    let stack = Stack::get();
    let admin = stack.admin().await;
    let (author, role) = inviter(&stack, &admin).await;
    let email = Draft::new().email;
    for roles in [&["admin"][..], &["moderator", "auditor"]] {
        invite(&author.api, &email, roles).await.refused(403, "beyond_own_permissions");
    }
    invite(&author.api, &email, &[&role]).await.expect(202);
    invite(&author.api, &author.draft.email, &["moderator"]).await.refused(403, "own_account");
    let by_admin = Draft::new();
    let offered = invite(&admin, &by_admin.email, &["admin"]).await.expect(202).json();
    let path = format!("{INVITATIONS}/{}", offered["user_id"].as_str().unwrap());
    author.api.delete(&path).send().await.refused(403, "beyond_own_permissions");
    for caller in [&stack.moderator().await, &stack.auditor().await, &stack.person().await.api] {
        invite(caller, &email, &["moderator"]).await.refused(403, "forbidden");
        caller.get(INVITATIONS).send().await.refused(403, "forbidden");
    }
    let (id, secret) = made(&admin, &["users:manage", "kyc:read"]).await;
    let client = signed_in(&stack, &id, &secret).await;
    invite(&client, &email, &["moderator"]).await.refused(403, "person_required");
    for form in [
        json!({"email": email, "roles": []}),
        json!({"email": email, "roles": ["user"]}),
        json!({"email": email, "roles": ["no-such-role"]}),
        json!({"email": "nobody", "roles": ["moderator"]}),
    ] {
        admin.post(INVITATIONS).json(&form).send().await.expect(400);
    }
    let person = stack.person().await;
    admin
        .put(&format!("/v1/admin/users/{}/lock", person.id))
        .json(&json!({"reason": "other"}))
        .send()
        .await
        .expect(204);
    invite(&admin, &person.draft.email, &["moderator"]).await.refused(403, "account_locked");
}
