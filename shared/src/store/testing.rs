//! A store over an in-process DynamoDB, for tests of what conditions do.

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};

use super::{Store, Table};
use crate::config::Tables;

/// Empty tables, without their indexes. The database goes with the test's runtime.
pub async fn store() -> Store {
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
        .endpoint_url(&endpoint)
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
    for table in [Table::Identity, Table::Keys, Table::Kyc, Table::Events, Table::Outbound] {
        create(&store, table, &["pk", "sk"]).await;
    }
    create(&store, Table::Ephemeral, &["pk"]).await;
    store
}

async fn create(store: &Store, table: Table, names: &[&str]) {
    let mut request = store.db().create_table().table_name(store.name(table)).billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in names.iter().zip([KeyType::Hash, KeyType::Range]) {
        let attribute = AttributeDefinition::builder().attribute_name(*name).attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder().attribute_name(*name).key_type(kind);
        request = request.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
    }
    request.send().await.unwrap();
}
