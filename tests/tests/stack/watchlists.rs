//! Refreshes of lists: a change at a source comes into force, invalid content does not.
//!
//! The local stack serves sample lists itself. Each test changes a list of its own, with no real person on it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use verinym::{
    domain::time::Timestamp,
    screening::{Artifact, Options, Query},
    watchlists::Watchlists,
};
use verinym_tests::{
    Client, Stack,
    faults::Fault,
    people::tag,
    until,
    wait::WAIT_LIMIT,
    world::{World, event_type},
};

/// A list of one test, which may change it.
struct Source {
    stack: Stack,
    admin: Client,
    id: &'static str,
}

fn rows(number: usize) -> String {
    let name = |_| format!("Qx{} Zv{}", tag(), tag());
    format!("Name\n{}\n", (0..number).map(name).collect::<Vec<_>>().join("\n"))
}

impl Source {
    async fn new(id: &'static str) -> Self {
        let stack = Stack::get();
        let admin = stack.admin().await;
        Self { stack, admin, id }
    }

    async fn serves(&self, content: &str) {
        let bucket = self.stack.var("LIST_SAMPLES_BUCKET");
        self.stack.aws().put_object(bucket, &format!("{}.csv", self.id), content).await;
    }

    /// Asks for a refresh.
    async fn request(&self, options: &str) {
        let path = format!("/v1/aml/lists/{}/refresh{options}", self.id);
        let answer = self.admin.post(&path).send().await.expect(202).json();
        assert_eq!(answer["id"], self.id);
    }

    /// Waits until each requested refresh is done.
    async fn settled(&self) {
        let aws = self.stack.aws();
        for event in aws.partition("events", self.id).await {
            if event_type(&event) == "aml.list.refresh_requested" {
                let work = format!("WORK#workers-load-list#{}", event["event_id"]["S"].as_str().unwrap());
                until(&format!("{} to be refreshed", self.id), async || {
                    let done = aws.partition("ephemeral", &work).await;
                    done.first().is_some_and(|item| item["done"]["BOOL"] == true).then_some(())
                })
                .await;
            }
        }
    }

    async fn refresh(&self, options: &str) {
        self.request(options).await;
        self.settled().await;
    }

    async fn shown(&self) -> Value {
        let lists = self.admin.get("/v1/aml/lists").send().await.expect(200).json();
        let lists = lists["items"].as_array().unwrap();
        lists.iter().find(|list| list["id"] == self.id).expect("the list is configured").clone()
    }

    async fn in_force(&self, entries: usize) -> Value {
        until(&format!("{} with {entries} entries", self.id), async || {
            let shown = self.shown().await;
            (shown["entries"] == entries).then_some(shown)
        })
        .await
    }

    /// Events of the list, by type.
    async fn count(&self, kind: &str) -> usize {
        let events = self.stack.aws().partition("events", self.id).await;
        events.iter().filter(|event| event_type(event) == kind).count()
    }

    async fn stored(&self) -> usize {
        let objects = self.stack.aws().objects(self.stack.var("LISTS_BUCKET")).await;
        objects.iter().filter(|(key, _)| key.starts_with(&format!("lists/{}/", self.id))).count()
    }
}

#[tokio::test]
async fn a_change_at_the_source_is_in_force_after_a_refresh() {
    let source = Source::new("test_changed").await;
    let before = source.shown().await;
    let entries = before["entries"].as_u64().unwrap() + 1;
    let entries = usize::try_from(entries).unwrap();
    source.serves(&rows(entries)).await;
    source.refresh("").await;
    let after = source.in_force(entries).await;
    assert_ne!(after["version"], before["version"]);
    assert!(after["loaded_at"].as_str() > before["loaded_at"].as_str());
    assert_eq!(after["stale"], false);
    assert_eq!(after["refused"], Value::Null);
    let updates = source.stack.aws().partition("events", "lists").await;
    assert!(updates.iter().any(|event| event_type(event) == "aml.list.updated"));
}

#[tokio::test]
async fn a_broken_empty_or_shrunken_list_is_refused_and_the_last_good_one_stays() {
    let source = Source::new("test_refused").await;
    source.serves(&rows(20)).await;
    source.refresh("").await;
    let good = source.in_force(20).await;
    assert_eq!(good["refused"], Value::Null);
    for (content, code) in [
        (String::new(), "empty"),
        ("Name\n".to_owned(), "empty"),
        ("<!DOCTYPE html><html><body>Maintenance</body></html>".to_owned(), "wrong_format"),
        (format!("{}A,B\n", rows(20)), "broken"),
        (rows(15), "shrunken"),
    ] {
        let (refused, loaded) = (source.count("aml.list.refused").await, source.count("aml.list.loaded").await);
        source.serves(&content).await;
        source.refresh("").await;
        let shown = source.shown().await;
        assert_eq!(shown["refused"]["code"], code, "{content:?}: {shown}");
        let losses = shown["refused"]["losses"].as_array().unwrap();
        assert_eq!(
            losses.iter().any(|loss| loss.to_string().contains("15 names where there were 20")),
            code == "shrunken"
        );
        for kept in ["version", "entries", "loaded_at", "confirmed_at"] {
            assert_eq!(shown[kept], good[kept], "{kept} after {code}");
        }
        // The same refusal is told once.
        source.refresh("").await;
        let told = source.count("aml.list.refused").await - refused;
        assert_eq!(told, 1, "{code}");
        assert_eq!(source.count("aml.list.loaded").await, loaded);
    }
    // Somebody has looked into it.
    source.refresh("?accept_shrunken=true").await;
    let shrunken = source.in_force(15).await;
    assert_eq!(shrunken["refused"], Value::Null);
}

#[tokio::test]
async fn an_unchanged_list_is_only_confirmed() {
    let source = Source::new("test_same").await;
    source.refresh("").await;
    let (first, loaded, stored) = (source.shown().await, source.count("aml.list.loaded").await, source.stored().await);
    source.refresh("").await;
    let second = source.shown().await;
    assert!(second["confirmed_at"].as_str() > first["confirmed_at"].as_str(), "{first} {second}");
    for same in ["version", "entries", "loaded_at"] {
        assert_eq!(second[same], first[same]);
    }
    assert_eq!(source.count("aml.list.loaded").await, loaded);
    assert_eq!(source.stored().await, stored);
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_loads() {
    let source = Source::new("test_twice").await;
    let entries = usize::try_from(source.shown().await["entries"].as_u64().unwrap()).unwrap() + 1;
    let loaded = source.count("aml.list.loaded").await;
    source.serves(&rows(entries)).await;
    tokio::join!(source.request(""), source.request(""), source.request(""));
    source.settled().await;
    source.in_force(entries).await;
    assert_eq!(source.count("aml.list.loaded").await, loaded + 1);
}

#[tokio::test]
async fn a_refresh_with_the_same_key_is_one_refresh() {
    let source = Source::new("test_same").await;
    let key = tag();
    let ask = async || {
        let request = source.admin.post("/v1/aml/lists/test_same/refresh").header("idempotency-key", &key);
        request.send().await.expect(202)
    };
    let first = ask().await;
    let again = ask().await;
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn staff_read_lists_and_only_an_admin_refreshes_them() {
    let stack = Stack::get();
    let (admin, moderator, auditor, person) =
        tokio::join!(stack.admin(), stack.moderator(), stack.auditor(), stack.person());
    for reader in [&admin, &moderator, &auditor] {
        let lists = reader.get("/v1/aml/lists").send().await.expect(200).json();
        assert_eq!(lists["next_cursor"], Value::Null);
        let un = lists["items"].as_array().unwrap().iter().find(|list| list["id"] == "un").unwrap().clone();
        assert_eq!((&un["kind"], &un["stale"], &un["entries"]), (&json!("sanctions"), &json!(false), &json!(3)));
        assert_eq!(un["published_at"], "2026-01-05T00:00:00.000Z");
    }
    person.api.get("/v1/aml/lists").send().await.refused(403, "forbidden");
    for other in [&moderator, &auditor, &person.api] {
        other.post("/v1/aml/lists/un/refresh").send().await.refused(403, "forbidden");
    }
    for unknown in ["fbi", "lists", "UN", "%00"] {
        admin.post(&format!("/v1/aml/lists/{unknown}/refresh")).send().await.refused(404, "not_found");
    }
    admin.post("/v1/aml/lists/un/refresh?force=true").send().await.refused(400, "unknown_field");
}

#[tokio::test]
async fn staff_read_what_the_reader_took_from_a_list() {
    let stack = Stack::get();
    let (auditor, person) = tokio::join!(stack.auditor(), stack.person());
    let un = auditor.get("/v1/aml/lists/un").send().await.expect(200).json();
    assert_eq!((&un["id"], &un["entries"], &un["refused"]), (&json!("un"), &json!(3), &Value::Null), "{un}");
    let report = &un["report"];
    let figures =
        ["entities", "names", "weak_names", "dates_of_birth", "countries", "numbers"].map(|figure| &report[figure]);
    assert_eq!(figures, [3, 7, 1, 2, 2, 1].map(|figure| json!(figure)).each_ref(), "{report}");
    assert_eq!(report["files"], json!([{"records": 3, "encoding": "UTF-8", "misfit_lines": 0}]));
    assert_eq!((&report["dropped"], &report["set_aside"]["count"]), (&json!({}), &json!(0)));
    for unknown in ["fbi", "UN", "%00"] {
        auditor.get(&format!("/v1/aml/lists/{unknown}")).send().await.refused(404, "not_found");
    }
    person.api.get("/v1/aml/lists/un").send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn health_tells_how_fresh_each_list_is() {
    let admin = Stack::get().admin().await;
    let health = admin.get("/v1/health?deep=true").send().await.expect(200).json();
    let lists = health["checks"]["lists"]["lists"].as_array().expect("lists are looked at").clone();
    let un = lists.iter().find(|list| list["id"] == "un").unwrap();
    assert_eq!(un["status"], "fresh");
    assert!(un["age_seconds"].is_u64());
}

/// A world with one list, whose source is the test's own.
struct Island {
    world: World,
    id: String,
}

impl Island {
    async fn new() -> Self {
        let (stack, id) = (Stack::get(), format!("world_{}", tag()));
        let url = format!("{}/{}/{id}.csv", stack.var("AWS_ENDPOINT_URL"), stack.var("LIST_SAMPLES_BUCKET"));
        let lists = json!([{
            "id": id, "name": id, "kind": "sanctions", "format": "mapped_csv", "columns": {"name": "Name"},
            "urls": [url], "max_age_hours": 1,
        }]);
        let world = World::with_lists(&stack, &lists).await;
        Self { world, id }
    }

    /// Serves this content and loads it; returns the calls to AWS.
    async fn load(&self, content: &str, fault: Option<(usize, Fault)>) -> Vec<String> {
        let bucket = self.world.stack.var("LIST_SAMPLES_BUCKET");
        self.world.aws.put_object(bucket, &format!("{}.csv", self.id), content).await;
        let message = json!({"key": tag(), "correlation_id": "test", "body": {"kind": "refresh", "list": self.id}});
        self.world.message("workers-load-list", &message).await;
        self.world.settle(fault).await
    }

    /// The number of events of the list, and of the lists in force.
    async fn events(&self) -> (usize, usize) {
        (self.world.events(&self.id).await.len(), self.world.events("lists").await.len())
    }

    /// Asserts that the artifact in force was compiled from the loaded content, with this many entries.
    async fn check(&self, entries: usize, told: &str) {
        let table = self.world.table("kyc");
        let items = self.world.aws.partition_named(&table, "LISTS").await;
        let item = |sort: &str| items.iter().find(|item| item["sk"]["S"] == sort).expect("an item of the lists");
        let (pointer, state) = (item("CURRENT"), item(&format!("LIST#{}", self.id)));
        let (list, content) = (&pointer["lists"]["M"][&self.id]["M"], &state["content"]["M"]);
        assert_eq!(list["sha256"], content["sha256"], "{told}");
        assert_eq!(list["entries"]["N"], entries.to_string(), "{told}");
        let artifact = pointer["artifact"]["S"].as_str().unwrap();
        let objects = self.world.aws.objects(self.world.stack.var("LISTS_BUCKET")).await;
        let (_, bytes) = objects.into_iter().find(|(key, _)| key == artifact).expect("the artifact");
        let artifact = Artifact::load(bytes).expect("a whole artifact");
        assert_eq!(artifact.lists()[0].entries, entries, "{told}");
    }
}

/// A new process cannot read it; a process that has it in memory continues.
#[tokio::test]
async fn a_damaged_artifact_is_compiled_again_by_the_hourly_run() {
    let island = Island::new().await;
    island.load(&rows(10), None).await;
    let pointer = island.world.aws.partition_named(&island.world.table("kyc"), "LISTS").await.remove(0);
    let (bucket, artifact) = (island.world.stack.var("LISTS_BUCKET"), pointer["artifact"]["S"].as_str().unwrap());
    island.world.aws.put_object(bucket, artifact, "damaged").await;
    assert!(Watchlists::of(island.world.app()).await.in_force().await.is_err());
    let compile = json!({"key": tag(), "correlation_id": "test", "body": {"kind": "compile"}});
    island.world.message("workers-load-list", &compile).await;
    island.world.settle(None).await;
    island.check(10, "made anew").await;
    assert_eq!(Watchlists::of(island.world.app()).await.in_force().await.unwrap().lists[0].entries, 10);
}

async fn told_with(fault: Fault) {
    let island = Island::new().await;
    let mut entries = 10;
    let mut tell = async |fault: Option<(usize, Fault)>| {
        entries += 1;
        let before = island.events().await;
        let calls = island.load(&rows(entries), fault).await;
        let told = format!("{fault:?} of {calls:?}");
        assert_eq!(island.world.left_over().await, 0, "{told}");
        assert_eq!(island.events().await, (before.0 + 1, before.1 + 1), "{told}");
        island.check(entries, &told).await;
        calls
    };
    tell(None).await;
    let calls = tell(None).await;
    assert!(calls.len() > 10, "{calls:?}");
    for at in 1..=calls.len() {
        tell(Some((at, fault))).await;
    }
}

/// Each screening during a change of the lists uses one version completely, and later ones use the new version.
#[tokio::test]
async fn ten_thousand_screenings_during_a_change_are_each_of_one_version() {
    let island = Island::new().await;
    let (before, after) = ("Quentin Aldermaston", "Ottoline Featherstonehaugh");
    island.load(&format!("Name\n{before}\n"), None).await;
    let app = island.world.app();
    let first = Watchlists::of(app).await.in_force().await.unwrap();
    let changed = Instant::now();
    island.load(&format!("Name\n{after}\n"), None).await;
    let (mut screenings, mut noticed) = (0, false);
    while screenings < 10_000 || !noticed {
        let lists = Watchlists::of(app).await.in_force().await.unwrap();
        let hits = |name: &str| lists.artifact.screen(&Query::name(name), &Options::default()).len();
        let is_first = lists.version == first.version;
        assert_eq!((hits(before), hits(after)), if is_first { (1, 0) } else { (0, 1) });
        assert_eq!(lists.artifact.lists()[0].version, lists.lists[0].version);
        assert!(lists.is_fresh(Timestamp::now()));
        noticed |= !is_first;
        assert!(noticed || changed.elapsed() < WAIT_LIMIT, "the change is not noticed");
        screenings += 2;
        // Leaves the machine to the other tests.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn killing_the_loader_or_the_compiler_anywhere_loses_and_doubles_nothing() {
    told_with(Fault::Killed).await;
}

#[tokio::test]
async fn a_lost_answer_to_the_loader_or_the_compiler_loses_and_doubles_nothing() {
    told_with(Fault::AnswerLost).await;
}
