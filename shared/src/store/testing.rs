//! A store over an in-process DynamoDB, for tests of what conditions do.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};

use super::{Store, Table};
use crate::config::names::Tables;

mod kms;

pub use kms::FakeKms;

/// The same with a key service.
pub async fn store_with_kms() -> (Store, FakeKms) {
    let kms = FakeKms::start();
    (with_kms_at(Some(&kms.endpoint)).await, kms)
}

/// The same tables as another process sees them, with nothing in memory.
pub fn other_process(store: &Store) -> Store {
    Store::new(store.db.clone(), store.kms.clone(), &store.tables, &store.kms_data_key)
}

/// Empty tables; of the indexes the event log's `day` and the index `by_state` of checks. The database goes with the test's runtime.
pub async fn store() -> Store {
    with_kms_at(None).await
}

async fn with_kms_at(kms_endpoint: Option<&str>) -> Store {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    let credentials = Credentials::for_tests();
    let region = Region::new("eu-central-1");
    let db = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.clone())
        .credentials_provider(credentials.clone())
        .endpoint_url(&endpoint)
        .build();
    let kms = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .credentials_provider(credentials)
        .endpoint_url(kms_endpoint.unwrap_or(&endpoint))
        .build();
    let tables = Tables {
        identity: "identity".into(),
        keys: "keys".into(),
        kyc: "kyc".into(),
        events: "events".into(),
        outbound: "outbound".into(),
        ephemeral: "ephemeral".into(),
    };
    let store = Store::new(Client::from_conf(db), aws_sdk_kms::Client::from_conf(kms), &tables, "key");
    for table in [Table::Identity, Table::Keys, Table::Outbound] {
        create(&store, table, &["pk", "sk"], None).await;
    }
    create(&store, Table::Kyc, &["pk", "sk"], Some(("by_state", ["state_pk", "state_sk"]))).await;
    create(&store, Table::Events, &["pk", "sk"], Some(("day", ["day_shard", "event_id"]))).await;
    create(&store, Table::Ephemeral, &["pk"], None).await;
    store
}

async fn create(store: &Store, table: Table, names: &[&str], index: Option<(&str, [&str; 2])>) {
    let mut request = store.db().create_table().table_name(store.name(table)).billing_mode(BillingMode::PayPerRequest);
    for name in names.iter().chain(index.iter().flat_map(|(_, names)| names)) {
        let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(ScalarAttributeType::S);
        request = request.attribute_definitions(attribute.build().unwrap());
    }
    if let Some((name, names)) = index {
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).set_key_schema(Some(schema(&names)));
        request = request.global_secondary_indexes(index.projection(all).build().unwrap());
    }
    request.set_key_schema(Some(schema(names))).send().await.unwrap();
}

fn schema(names: &[&str]) -> Vec<KeySchemaElement> {
    let kinds = names.iter().zip([KeyType::Hash, KeyType::Range]);
    kinds
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(*name).key_type(kind).build().unwrap())
        .collect()
}
