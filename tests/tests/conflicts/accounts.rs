//! Accounts: sessions, devices, mails, roles, and what administrators do.

use serde_json::{Value, json};
use verinym_tests::{Draft, people::tag, world::World};

use crate::{
    caller::{Caller, token},
    sign_in::enroll,
};

pub async fn accounts(world: &World) {
    let mut caller = Caller::new(world, Draft::new()).await;
    let first = caller.refresh.clone();
    let mut newest = first.clone();
    for _ in 0..2 {
        let tokens = world.call("auth-refresh", None, &[], &json!({"refresh_token": newest})).await.expect(200);
        newest = token(&tokens, "refresh_token");
    }
    world.call("auth-refresh", None, &[], &json!({"refresh_token": first})).await.expect(401);
    // Even where ending it met a conflict, the session is over.
    world.call("auth-refresh", None, &[], &json!({"refresh_token": newest})).await.expect(401);

    caller.login().await;
    let changed = "another horse, another staple";
    let form = json!({"current_password": caller.draft.password, "new_password": changed});
    caller.call("account-change-password", &[], &form).await.expect(204);
    changed.clone_into(&mut caller.draft.password);
    world.call("auth-forgot-password", None, &[], &json!({"email": caller.draft.email})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "reset", None).await.token().unwrap();
    let form = json!({"token": token, "password": "a third horse and its staple"});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    "a third horse and its staple".clone_into(&mut caller.draft.password);

    caller.login().await;
    let profile = caller.call("account-get-profile", &[], &Value::Null).await.expect(200);
    let change = json!({"username": format!("u{}", &tag()[..12]), "given_name": "Mara"});
    caller.call_at("account-update-profile", &[], &change, profile["version"].as_u64()).await.expect(200);
    let new = Draft::new().email;
    caller.call("account-change-email", &[], &json!({"email": new})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&new, "confirm-email", None).await.token().unwrap();
    caller.call("account-confirm-email", &[], &json!({"token": token})).await.expect(200);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "undo-email", None).await.token().unwrap();
    world.call("account-undo-email", None, &[], &json!({"token": token})).await.expect(200);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "reset", Some(&token)).await.token().unwrap();
    let form = json!({"token": token, "password": caller.draft.password});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    caller.login().await;
    let sessions = caller.call("account-list-sessions", &[], &Value::Null).await.expect(200);
    caller.call("account-revoke-other-sessions", &[], &Value::Null).await.expect(200);
    let own = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    caller.call("account-revoke-session", &[("id", own.as_str())], &Value::Null).await;
    caller.login().await;
    caller.call("auth-logout", &[], &Value::Null).await.expect(204);
    // A device that is trusted, one that is removed, and a sign-in that is disowned.
    let device = |secret: &Value| json!({"fingerprint": "f1", "name": "a phone", "secret": secret});
    let first = caller.login_on(&device(&Value::Null)).await;
    let id = first["session"]["device_id"].as_str().unwrap();
    let trusted = caller.call("account-trust-device", &[("id", id)], &json!({"trusted": true})).await.expect(200);
    caller.login_on(&device(&trusted["device_secret"])).await;
    caller.call("account-list-devices", &[], &Value::Null).await.expect(200);
    caller.call("account-remove-device", &[("id", id)], &Value::Null).await.expect(204);
    caller.login_on(&device(&Value::Null)).await;
    let token = world.stack.link(&caller.draft.email, "end-session", None).await.token().unwrap();
    world.call("auth-end-session", None, &[], &json!({"token": token})).await.expect(204);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "reset", Some(&token)).await.token().unwrap();
    let form = json!({"token": token, "password": caller.draft.password});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    // A link that signs in.
    let asked = world.call("auth-magic-link", None, &[], &json!({"email": caller.draft.email})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&caller.draft.email, "magic-link", None).await.token().unwrap();
    let form = json!({"token": token, "nonce": asked["nonce"], "device": {"fingerprint": "f2"}});
    world.call("auth-magic-link-verify", None, &[], &form).await.expect(200);
    // Deactivated, and reactivated by the next sign-in.
    caller.login().await;
    caller.call("account-deactivate", &[], &Value::Null).await.expect(204);
    caller.login().await;

    // An account that was never confirmed, with a user name: the reset frees what a stranger may have claimed.
    let draft = Draft::new();
    let mut form = draft.form();
    form["username"] = format!("n{}", &tag()[..12]).into();
    world.call("auth-register", None, &[], &form).await;
    world.settle(None).await;
    world.call("auth-resend-verification", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.call("auth-forgot-password", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.settle(None).await;
    let token = world.stack.link(&draft.email, "reset", None).await.token().unwrap();
    let form = json!({"token": token, "password": "of the owner, a fourth horse"});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    world.settle(None).await;
}

/// Roles: made, given, changed, taken and deleted.
pub async fn roles(world: &World) {
    let admin = Caller::staff(world, "admin").await;
    let person = Caller::new(world, Draft::new()).await;
    let id = person.call("auth-me", &[], &Value::Null).await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let name = format!("r{}", &tag()[..12]);
    let (path, account) = ([("name", name.as_str())], [("id", id.as_str())]);
    let made = json!({"name": name, "permissions": ["kyc:read"]});
    admin.call("admin-create-role", &[], &made).await.expect(201);
    for roles in [json!(["user", name]), json!(["user"])] {
        let shown = world.send("admin-get-user-roles", Some(&admin.access), &account, &[], vec![]).await;
        let tag = shown.headers["etag"].to_str().unwrap().to_owned();
        let version = tag.trim_matches('"').parse().ok();
        admin.call_at("admin-set-user-roles", &account, &json!({"roles": roles}), version).await.expect(200);
    }
    admin.call("admin-change-role", &path, &json!({"permissions": ["aml:read"]})).await.expect(200);
    admin.call("admin-delete-role", &path, &Value::Null).await.expect(204);
    world.settle(None).await;
}

/// An administrator reads an account and acts on it.
pub async fn administration(world: &World) {
    let admin = Caller::staff(world, "admin").await;
    let person = Caller::new(world, Draft::new()).await;
    let id = person.call("auth-me", &[], &Value::Null).await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let account = [("id", id.as_str())];
    let email = format!("email={}", person.draft.email.replace('@', "%40"));
    admin.call("admin-find-users", &[("?", email.as_str())], &Value::Null).await.expect(200);
    admin.call("admin-find-users", &[("?", "status=active")], &Value::Null).await.expect(200);
    admin.call("admin-security-events", &[("?", &format!("person={id}"))], &Value::Null).await.expect(200);
    admin.call("admin-get-user", &[account[0], ("?", "unmasked=true")], &Value::Null).await.expect(200);
    let created = admin.call("admin-create-user", &[], &json!({"email": Draft::new().email})).await.expect(201);
    admin.call("admin-get-user", &[("id", created["id"].as_str().unwrap())], &Value::Null).await.expect(200);
    invitations(world, &admin, &person).await;
    enroll(&person).await;
    for function in ["admin-reset-user-mfa", "admin-revoke-user-sessions", "admin-reset-user-password"] {
        admin.call(function, &account, &Value::Null).await.expect(204);
    }
    admin.call("admin-lock-user", &account, &json!({"reason": "other"})).await.expect(204);
    admin.call("admin-unlock-user", &account, &Value::Null).await.expect(204);
    world.settle(None).await;
}

/// Roles offered to an address without an account and to a person, accepted, and withdrawn.
async fn invitations(world: &World, admin: &Caller<'_>, person: &Caller<'_>) {
    let draft = Draft::new();
    for (email, password) in [(&draft.email, json!(draft.password)), (&person.draft.email, Value::Null)] {
        let offer = json!({"email": email, "roles": ["auditor"]});
        admin.call("admin-invite", &[], &offer).await.expect(202);
        world.settle(None).await;
        let token = world.stack.link(email, "accept-invitation", None).await.token().unwrap();
        let form = json!({"token": token, "password": password});
        world.call("auth-accept-invitation", None, &[], &form).await.expect(204);
    }
    let offer = json!({"email": Draft::new().email, "roles": ["auditor"]});
    let offered = admin.call("admin-invite", &[], &offer).await.expect(202);
    admin.call("admin-list-invitations", &[], &Value::Null).await.expect(200);
    let id = offered["user_id"].as_str().unwrap();
    admin.call("admin-revoke-invitation", &[("id", id)], &Value::Null).await.expect(204);
}
