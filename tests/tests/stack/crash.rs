//! A worker is killed between any two steps, or any answer of AWS is lost: nothing is lost, and nothing is doubled except what is
//! documented (a mail, if the sender dies between sending and marking).
//!
//! Each flow runs once without a fault, then with the fault at its first call, its second, and so on, until the flow ends before the fault.
//! The result must be the same each time.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use verinym_tests::{
    Draft, Stack,
    client::multipart,
    faults::Fault,
    people::tag,
    picture,
    world::{EndpointReply, World},
};

/// The result of a flow.
#[derive(Debug, PartialEq)]
struct End {
    events: BTreeMap<String, Vec<String>>,
    counted: BTreeMap<String, i64>,
    status: Value,
    mails: usize,
}

/// If the sender is killed between sending and marking, the mail is sent twice.
fn may_double(calls: &[String], at: usize, fault: Fault) -> bool {
    let sending = |number: usize| calls.get(number).is_some_and(|call| call == "POST email" || call == "POST ses");
    match fault {
        // Between the sending and the mark that follows it.
        Fault::Killed => at >= 2 && sending(at - 2),
        Fault::AnswerLost => at >= 1 && sending(at - 1),
        Fault::Conflict => false,
    }
}

/// Runs the flow with a fault at each call in turn.
async fn disturbed(fault: Fault, mut story: impl AsyncFnMut(Option<(usize, Fault)>) -> (End, Vec<String>)) {
    // The first telling makes keys that later ones find.
    story(None).await;
    let (whole, calls) = story(None).await;
    assert!(calls.len() > 4, "{calls:?}");
    for at in 1.. {
        let (end, made) = story(Some((at, fault))).await;
        let told = format!("{fault:?} at call {at} of {made:?}");
        assert_eq!(end.events, whole.events, "{told}");
        assert_eq!(end.counted, whole.counted, "{told}");
        assert_eq!(end.status, whole.status, "{told}");
        let doubled = end.mails == whole.mails + 1 && may_double(&made, at, fault);
        assert!(end.mails == whole.mails || doubled, "{} mails instead of {}: {told}", end.mails, whole.mails);
        // How often a flow polls depends on how busy the machine is, so the flow without a fault does not tell the number of calls.
        if made.len() < at {
            assert!(at * 2 > calls.len(), "the flow without a fault made {} calls: {told}", calls.len());
            return;
        }
    }
}

fn difference(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let moved = |(name, count): (&String, &i64)| {
        let by = count - before.get(name).copied().unwrap_or_default();
        (by != 0).then(|| (name.clone(), by))
    };
    after.iter().filter_map(moved).collect()
}

async fn a_mail_is_neither_lost_nor_doubled(fault: Fault) {
    let world = World::new(&Stack::get(), &[]).await;
    disturbed(fault, async |fault| {
        let before = world.counters().await;
        let draft = Draft::new();
        let user = world.call("auth-register", None, &[], &draft.form()).await.expect(201)["user"].clone();
        let calls = world.settle(fault).await;
        let id = user["id"].as_str().unwrap();
        let mails = world.stack.mails(&draft.email).await;
        // Whichever mail is used: the same link.
        let links: Vec<_> = mails.iter().filter_map(|mail| mail.token()).collect();
        assert!(!links.is_empty() && links.iter().all(|link| *link == links[0]), "{links:?}");
        let form = json!({"token": links[0], "password": draft.password});
        let status =
            world.call("auth-verify-email", None, &[], &form).await.expect(200)["user"]["email_verified"].clone();
        let end = End {
            events: BTreeMap::from([("user".to_owned(), world.events(id).await)]),
            counted: BTreeMap::new(),
            status,
            mails: mails.len(),
        };
        world.settle(None).await;
        let counted = difference(&before, &world.counters().await);
        assert_eq!(world.left_over().await, 0);
        (End { counted, ..end }, calls)
    })
    .await;
}

#[tokio::test]
async fn killing_the_mail_s_workers_loses_and_doubles_nothing() {
    a_mail_is_neither_lost_nor_doubled(Fault::Killed).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_mail_s_workers_loses_and_doubles_nothing() {
    a_mail_is_neither_lost_nor_doubled(Fault::AnswerLost).await;
}

pub(crate) struct Applicant<'a> {
    world: &'a World,
    email: String,
    token: String,
}

impl<'a> Applicant<'a> {
    pub(crate) async fn new(world: &'a World) -> Self {
        let draft = Draft::new();
        world.call("auth-register", None, &[], &draft.form()).await.expect(201);
        world.settle(None).await;
        let link = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
        let form = json!({"token": link, "password": draft.password});
        world.call("auth-verify-email", None, &[], &form).await.expect(200);
        let form = json!({"email": draft.email, "password": draft.password});
        let tokens = world.call("auth-login", None, &[], &form).await.expect(200);
        world.settle(None).await;
        Self { world, email: draft.email, token: tokens["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn call(&self, function: &str, path: &[(&str, &str)], body: &Value) -> Value {
        let reply = self.world.call(function, Some(&self.token), path, body).await;
        assert!(reply.status < 300, "{function}: {reply:?}");
        reply.body
    }

    /// The same, if the call may be refused.
    pub(crate) async fn reply(&self, function: &str, path: &[(&str, &str)], body: &Value) -> EndpointReply {
        self.world.call(function, Some(&self.token), path, body).await
    }

    pub(crate) fn email(&self) -> &str {
        &self.email
    }

    /// The person's access token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The person's id.
    pub(crate) async fn id(&self) -> String {
        self.call("auth-me", &[], &Value::Null).await["user"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn upload(&self, number: &str) -> String {
        let fields = [("document_type", "passport"), ("document_number", number)];
        let (content_type, body) = multipart(&fields, &picture::page(number));
        let headers = [("content-type", content_type)];
        let reply = self.world.send("kyc-upload-document", Some(&self.token), &[], &headers, body).await;
        reply.expect(201)["id"].as_str().unwrap().to_owned()
    }
}

/// The part of a check's processing in which the fault happens.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// The inspection of the document.
    Document,
    /// The call of the provider.
    Verification,
    /// The callback, the decision, and the mail.
    Callback,
}

async fn a_check_is_neither_lost_nor_doubled(part: Part, fault: Fault) {
    // Callbacks are the test's own: the sandbox is silent.
    let world = World::new(&Stack::get(), &[]).await;
    let applicant = Applicant::new(&world).await;
    disturbed(fault, async |fault| {
        let (before, mails) = (world.counters().await, world.stack.mails(&applicant.email).await.len());
        let document = applicant.upload(&format!("SILENT-{}", tag())).await;
        let at = |one: Part| fault.filter(|_| one == part);
        let first = world.settle(at(Part::Document)).await;
        let check = applicant.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await;
        let id = check["id"].as_str().unwrap();
        let second = world.settle(at(Part::Verification)).await;
        world.callback(id).await;
        let third = world.settle(at(Part::Callback)).await;
        let check = applicant.call("kyc-get-check", &[("id", id)], &Value::Null).await;
        assert_eq!(world.left_over().await, 0);
        let end = End {
            events: BTreeMap::from([
                ("document".to_owned(), world.events(&document).await),
                ("check".to_owned(), world.events(id).await),
            ]),
            counted: difference(&before, &world.counters().await),
            status: json!([check["status"], check["version"]]),
            mails: world.stack.mails(&applicant.email).await.len() - mails,
        };
        assert_eq!(check["status"], "approved");
        let calls = match part {
            Part::Document => first,
            Part::Verification => second,
            Part::Callback => third,
        };
        (end, calls)
    })
    .await;
}

#[tokio::test]
async fn killing_the_document_s_workers_loses_and_doubles_nothing() {
    a_check_is_neither_lost_nor_doubled(Part::Document, Fault::Killed).await;
}

#[tokio::test]
async fn killing_the_check_s_workers_loses_and_doubles_nothing() {
    a_check_is_neither_lost_nor_doubled(Part::Verification, Fault::Killed).await;
}

#[tokio::test]
async fn killing_the_callback_s_workers_loses_and_doubles_nothing() {
    a_check_is_neither_lost_nor_doubled(Part::Callback, Fault::Killed).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_document_s_workers_loses_and_doubles_nothing() {
    a_check_is_neither_lost_nor_doubled(Part::Document, Fault::AnswerLost).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_check_s_workers_loses_and_doubles_nothing() {
    a_check_is_neither_lost_nor_doubled(Part::Verification, Fault::AnswerLost).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_callback_s_workers_loses_and_doubles_nothing() {
    a_check_is_neither_lost_nor_doubled(Part::Callback, Fault::AnswerLost).await;
}
