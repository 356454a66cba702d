//! Accounts that a customer's backend or staff create for somebody.

use futures::future::join_all;
use serde_json::{Value, json};
use verinym_tests::{ApiResponse, Client, Draft, Stack, aws::raw_bytes, people::tag, sign_in::Identity};

use crate::clients::{made, signed_in};

const USERS: &str = "/v1/admin/users";
const SCOPES: &[&str] = &["users:create", "users:read"];

/// A backend: a machine client that creates accounts and finds them.
async fn backend(stack: &Stack) -> (String, Client) {
    let (id, secret) = made(&stack.admin().await, SCOPES).await;
    let client = signed_in(stack, &id, &secret).await;
    (id, client)
}

fn external() -> String {
    format!("customer-{}", tag())
}

async fn create(by: &Client, form: &Value) -> ApiResponse {
    by.post(USERS).key(&tag()).json(form).send().await
}

async fn login(stack: &Stack, email: &str, password: &str) -> ApiResponse {
    stack.client().post("/v1/auth/login").json(&json!({"email": email, "password": password})).send().await
}

async fn set_password(stack: &Stack, token: &str, password: &str) -> ApiResponse {
    let form = json!({"token": token, "password": password});
    stack.client().post("/v1/auth/password/reset").json(&form).send().await
}

#[tokio::test]
async fn a_backend_creates_a_person_who_sets_a_password_by_the_mailed_link() {
    let stack = Stack::get();
    let ((id, client), draft, external) = (backend(&stack).await, Draft::new(), external());
    let form = json!({"email": draft.email, "given_name": draft.given_name, "family_name": draft.family_name,
        "date_of_birth": draft.date_of_birth, "locale": "en", "external_id": external, "metadata": {"branch": "Pune West"}});
    let created = create(&client, &form).await.expect(201);
    let user = created.json();
    let path = format!("{USERS}/{}", user["id"].as_str().unwrap());
    assert!(created.header("location").unwrap().ends_with(&path), "{created}");
    assert_eq!((&user["client_id"], &user["external_id"]), (&json!(id), &json!(external)));
    assert_eq!((&user["metadata"]["branch"], &user["email_verified"]), (&json!("Pune West"), &json!(false)));
    assert!(!created.text().contains(&draft.email) && !created.text().contains(&draft.family_name), "{created}");

    login(&stack, &draft.email, &draft.password).await.refused(401, "invalid_credentials");
    let token = stack.link(&draft.email, "reset-password", None).await.token().unwrap();
    let short = set_password(&stack, &token, &draft.email).await.expect(400);
    assert_eq!(short.code().as_deref(), Some("validation_failed"), "{short}");
    set_password(&stack, &token, &draft.password).await.expect(204);
    set_password(&stack, &token, &draft.password).await.refused(400, "invalid_token");
    let api = stack.client().login(&draft.email, &draft.password).await;
    let profile = api.get("/v1/users/profile").send().await.expect(200).json();
    assert_eq!((&profile["id"], &profile["email_verified"]), (&user["id"], &json!(true)));
    assert_eq!(
        (&profile["given_name"], &profile["date_of_birth"]),
        (&json!(draft.given_name), &json!(draft.date_of_birth))
    );

    let person = user["id"].as_str().unwrap();
    let events =
        stack.auditor().await.all(&format!("/v1/admin/audit-logs?person={person}&type=user.provisioned")).await;
    assert_eq!((events.len(), &events[0]["actor"]), (1, &json!({"type": "client", "id": id})), "{events:?}");
    for text in [&external, "Pune West", &draft.email, &draft.family_name] {
        assert!(!json!(events).to_string().contains(text), "{text} in {events:?}");
    }
}

#[tokio::test]
async fn only_the_client_that_gave_it_sees_an_external_id_masked_and_finds_by_it() {
    let stack = Stack::get();
    let ((_, client), (_, other), external) = (backend(&stack).await, backend(&stack).await, external());
    let form = json!({"given_name": "Ada", "external_id": external, "metadata": {"segment": external}});
    let user = create(&client, &form).await.expect(201).json();
    let find = format!("{USERS}?external_id={external}");
    let found = client.all(&find).await;
    assert_eq!((found.len(), &found[0]["id"], &found[0]["external_id"]), (1, &user["id"], &json!(external)));
    assert!(other.all(&find).await.is_empty());
    // The same id of another client is another account.
    let others = create(&other, &form).await.expect(201).json();
    assert_ne!(others["id"], user["id"]);

    let path = format!("{USERS}/{}", user["id"].as_str().unwrap());
    for reader in [&other, &stack.auditor().await, &stack.admin().await] {
        let shown = reader.get(&path).send().await.expect(200);
        assert!(!shown.text().contains(&external), "{shown}");
        assert_eq!((&shown.json()["external_id"], &shown.json()["metadata"]), (&json!(null), &json!(null)));
    }
    let whole = stack.admin().await.get(&format!("{path}?unmasked=true")).send().await.expect(200).json();
    assert_eq!((&whole["external_id"], &whole["email"]), (&json!(external), &json!(null)));
    let faults = stack.admin().await.get(&find).send().await.expect(400).faults();
    assert!(faults.iter().any(|fault| fault.contains("client_only")), "{faults:?}");
}

#[tokio::test]
async fn of_creations_at_once_with_one_address_or_one_external_id_one_is_made() {
    let stack = Stack::get();
    let (_, client) = backend(&stack).await;
    let by_email = json!({"email": Draft::new().email, "locale": "en"});
    let by_external = json!({"external_id": external()});
    for (form, code) in [(by_email, "email_taken"), (by_external, "external_id_taken")] {
        let answers = join_all((0..5).map(|_| create(&client, &form))).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 4), "{refused:?}");
        for answer in refused {
            answer.refused(409, code);
        }
    }
    // With one idempotency key it is one creation.
    let (form, key) = (json!({"email": Draft::new().email, "external_id": external()}), tag());
    let again = || client.post(USERS).key(&key).json(&form).send();
    let (first, second) = (again().await.expect(201), again().await.expect(201));
    assert_eq!((first.json(), second.header("idempotency-replayed")), (second.json(), Some("true")));
}

/// The pre-hijack from the other side: who registers the address of an account that the backend made gets nothing of it.
#[tokio::test]
async fn a_stranger_gets_nothing_of_an_account_at_an_address_that_is_not_theirs() {
    let stack = Stack::get();
    let ((_, client), draft) = (backend(&stack).await, Draft::new());
    let form = json!({"email": draft.email, "given_name": draft.given_name, "national_id": {"country": "US", "type": "ssn", "value": draft.national_id}});
    let user = create(&client, &form).await.expect(201).json();
    let stranger = json!({"email": draft.email, "password": draft.password, "given_name": "Eve"});
    let answer = stack.client().post("/v1/auth/register").json(&stranger).send().await;
    assert!(answer.status == 409 || answer.status == 202, "{answer}");
    login(&stack, &draft.email, &draft.password).await.refused(401, "invalid_credentials");
    let first = stack.link(&draft.email, "reset-password", None).await.token().unwrap();
    // A link to confirm the address would ask for a password that nobody has; a link to sign in needs a confirmed address.
    for (path, known) in [("/v1/auth/verify-email/resend", &first), ("/v1/auth/magic-link", &first)] {
        stack.client().post(path).json(&json!({"email": draft.email})).send().await.expect(202);
        let mail = stack.link(&draft.email, "reset-password", Some(known)).await;
        assert_ne!(mail.token().as_ref(), Some(known));
    }
    set_password(&stack, &first, &format!("owner {}", draft.password)).await.expect(204);
    login(&stack, &draft.email, &draft.password).await.refused(401, "invalid_credentials");
    let api = stack.client().login(&draft.email, &format!("owner {}", draft.password)).await;
    let me = api.get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["id"], &me["user"]["given_name"]), (&user["id"], &json!(draft.given_name)));
}

#[tokio::test]
async fn a_backend_does_not_take_an_address_that_somebody_has() {
    let stack = Stack::get();
    let ((_, client), person, unconfirmed) = (backend(&stack).await, stack.person().await, Draft::new());
    stack.registered(&unconfirmed).await;
    for email in [&person.draft.email, &unconfirmed.email] {
        let external = external();
        create(&client, &json!({"email": email, "external_id": external})).await.refused(409, "email_taken");
        assert!(
            client.all(&format!("{USERS}?external_id={external}")).await.is_empty(),
            "a refused creation leaves nothing"
        );
    }
    person.api.get("/v1/auth/me").send().await.expect(200);
}

#[tokio::test]
async fn an_account_without_an_address_is_found_locked_and_imported_again() {
    let stack = Stack::get();
    let ((id, client), admin, external) = (backend(&stack).await, stack.admin().await, external());
    let user = create(&client, &json!({"family_name": "Lovelace", "external_id": external})).await.expect(201).json();
    assert_eq!((&user["email"], &user["status"]), (&json!(null), &json!("active")));
    let path = format!("{USERS}/{}", user["id"].as_str().unwrap());
    admin.put(&format!("{path}/lock")).json(&json!({"reason": "fraud"})).send().await.expect(204);
    admin.put(&format!("{path}/unlock")).send().await.expect(204);
    // A required password finds nobody to mail to, and the account stays.
    admin.post(&format!("{path}/password/reset")).send().await.expect(204);
    assert_eq!(client.all(&format!("{USERS}?external_id={external}")).await.len(), 1);

    let row = json!({"provisioned": true, "external": {"client_id": id, "external_id": external}});
    let again = stack.aws().invoke("admin-import-users", &json!({"users": [row]})).await;
    assert_eq!(again["results"], json!([{"outcome": "exists"}]), "{again}");
    let other = format!("{external}-2");
    let row = json!({"provisioned": true, "external": {"client_id": id, "external_id": other, "metadata": {"a": "b"}}});
    let imported = stack.aws().invoke("admin-import-users", &json!({"users": [row]})).await;
    let found = client.all(&format!("{USERS}?external_id={other}")).await;
    assert_eq!((&found[0]["id"], &found[0]["metadata"]), (&imported["results"][0]["user_id"], &json!({"a": "b"})));
}

#[tokio::test]
async fn who_may_not_create_accounts_and_what_is_malformed_is_refused() {
    let stack = Stack::get();
    let (id, secret) = made(&stack.admin().await, &["users:read"]).await;
    let reader = signed_in(&stack, &id, &secret).await;
    let person = stack.person().await;
    for caller in [&reader, &stack.moderator().await, &stack.auditor().await, &person.api] {
        create(caller, &json!({"given_name": "Ada"})).await.refused(403, "forbidden");
    }
    stack.client().post(USERS).json(&json!({})).send().await.refused(401, "unauthenticated");
    let admin = stack.admin().await;
    create(&admin, &json!({"given_name": "Ada", "locale": "en"})).await.expect(201);
    let own = json!({"external_id": "7", "metadata": {}});
    assert_eq!(create(&admin, &own).await.expect(400).faults().len(), 2);
    let (_, client) = backend(&stack).await;
    let many: serde_json::Map<_, _> = (0..21).map(|n| (format!("k{n}"), json!("v"))).collect();
    for form in [
        json!({"external_id": "a b"}),
        json!({"external_id": ""}),
        json!({"external_id": "x".repeat(129)}),
        json!({"metadata": many}),
        json!({"metadata": {"k": "x".repeat(4096)}}),
        json!({"metadata": {"k": 1}}),
        json!({"metadata": {"k": null}}),
        json!({"metadata": "text"}),
        json!({"email": "nobody"}),
        json!({"roles": ["admin"]}),
        json!({"password": "correct horse battery"}),
    ] {
        create(&client, &form).await.expect(400);
    }
}

#[tokio::test]
async fn external_ids_and_metadata_are_stored_only_as_ciphertext() {
    let stack = Stack::get();
    let ((_, client), external, branch) = (backend(&stack).await, external(), format!("branch{}", tag()));
    create(&client, &json!({"external_id": external, "metadata": {"branch": branch}})).await.expect(201);
    for table in verinym_tests::aws::TABLES {
        for item in stack.aws().scan(table).await {
            let bytes = raw_bytes(&item);
            for text in [&external, &branch] {
                assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{text} in {table}");
            }
        }
    }
}

#[tokio::test]
async fn a_provider_that_vouches_for_the_address_signs_in_to_the_account_that_the_backend_made() {
    let stack = Stack::get();
    if stack.lacks("localstack", "its functions run in containers, which do not reach the identity providers") {
        return;
    }
    let ((_, client), draft) = (backend(&stack).await, Draft::new());
    let form = json!({"email": draft.email, "given_name": draft.given_name});
    let user = create(&client, &form).await.expect(201).json();
    let token = stack.link(&draft.email, "reset-password", None).await.token().unwrap();
    // Nobody signs in by an address that the provider does not vouch for.
    let claimed = Identity { verified: false, ..Identity::at(&draft.email) };
    stack.signed_in_by("google", &claimed).await.refused(403, "link_required");
    let owner = stack.signed_in_by("google", &Identity::at(&draft.email)).await.expect(200).json();
    let me = stack.client().holding(owner).get("/v1/auth/me").send().await.expect(200).json();
    assert_eq!((&me["user"]["id"], &me["user"]["email_verified"]), (&user["id"], &json!(true)));
    assert_eq!(me["user"]["given_name"], json!(draft.given_name));
    set_password(&stack, &token, &draft.password).await.refused(400, "invalid_token");
}
