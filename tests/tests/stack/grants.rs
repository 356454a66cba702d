//! Rare paths: each route has a conflict at its first commit, or is called with an idempotency key. Its role must grant all calls that it
//! then makes.

use serde_json::{Value, json};
use verinym_tests::{
    Draft, Stack,
    people::tag,
    template::{Template, allows},
    world::World,
};

/// Whether the role of a function grants the calls since the last conflict was set.
#[track_caller]
fn granted(world: &World, function: &str) {
    let template = Template::main();
    let role = template.functions().into_iter().find(|one| one.name == function).expect("a function").role;
    let grants = template.grants(&role);
    let asked = world.faults.permissions();
    let lacking: Vec<_> = asked.iter().filter(|asked| !grants.iter().any(|grant| allows(grant, asked))).collect();
    assert!(lacking.is_empty(), "{function} lacks {lacking:?}");
}

/// A person who registered, with or without a confirmed address.
async fn registered(world: &World, draft: &Draft, username: Option<&str>, confirmed: bool) {
    let mut form = draft.form();
    if let Some(username) = username {
        form["username"] = json!(username);
    }
    world.call("auth-register", None, &[], &form).await.expect(201);
    world.settle(None).await;
    if confirmed {
        let link = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
        let form = json!({"token": link, "password": draft.password});
        world.call("auth-verify-email", None, &[], &form).await.expect(200);
        world.settle(None).await;
    }
}

async fn signed_in(world: &World, draft: &Draft) -> Value {
    let form = json!({"email": draft.email, "password": draft.password});
    world.call("auth-login", None, &[], &form).await.expect(200)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test]
async fn a_password_is_changed_with_an_idempotency_key_and_upon_a_conflict() {
    let world = World::new(&Stack::get(), &[]).await;
    let draft = Draft::new();
    registered(&world, &draft, None, true).await;
    let tokens = signed_in(&world, &draft).await;
    let form = json!({"current_password": draft.password, "new_password": format!("another horse {}", tag())});
    let headers = [("content-type", "application/json".to_owned()), ("idempotency-key", tag())];
    world.faults.conflicts(1);
    for _ in 0..2 {
        let body = form.to_string().into_bytes();
        let token = Some(text(&tokens, "access_token"));
        world.send("account-change-password", token, &[], &headers, body).await.expect(204);
    }
    granted(&world, "account-change-password");
}

#[tokio::test]
async fn the_reuse_of_a_refresh_token_ends_the_session_even_after_a_conflict() {
    let world = World::new(&Stack::get(), &[]).await;
    let draft = Draft::new();
    registered(&world, &draft, None, true).await;
    // More conflicts than an ordinary command would bear.
    for conflicts in [0, 1, 9] {
        let first = signed_in(&world, &draft).await;
        let refresh = async |token: &str| world.call("auth-refresh", None, &[], &json!({"refresh_token": token})).await;
        let second = refresh(text(&first, "refresh_token")).await.expect(200);
        let third = refresh(text(&second, "refresh_token")).await.expect(200);
        world.faults.conflicts(conflicts);
        let reused = refresh(text(&first, "refresh_token")).await.expect(401);
        assert_eq!(reused["code"], "refresh_token_reused", "{conflicts}");
        granted(&world, "auth-refresh");
        refresh(text(&third, "refresh_token")).await.expect(401);
        let me = world.call("auth-me", Some(text(&third, "access_token")), &[], &Value::Null).await;
        assert_eq!(me.status, 401, "the session has ended");
        // Who asks once more is told that there is no such session, and two at once end it once.
        refresh(text(&first, "refresh_token")).await.expect(401);
    }
}

#[tokio::test]
async fn a_reset_takes_over_an_unconfirmed_account_with_a_user_name_upon_a_conflict() {
    let world = World::new(&Stack::get(), &[]).await;
    let draft = Draft::new();
    let username = format!("name{}", &tag()[..10]);
    registered(&world, &draft, Some(&username), false).await;
    world.call("auth-forgot-password", None, &[], &json!({"email": draft.email})).await.expect(202);
    world.settle(None).await;
    let link = world.stack.link(&draft.email, "reset", None).await.token().unwrap();
    world.faults.conflicts(1);
    let form = json!({"token": link, "password": format!("another horse {}", tag())});
    world.call("auth-reset-password", None, &[], &form).await.expect(204);
    granted(&world, "auth-reset-password");
}
