//! `admin-make-client`: makes a machine client. The operator invokes it, for programs that set up a deployment before any
//! administrator signed in.

use serde::{Deserialize, Serialize};
use verinym::{
    app::App,
    crypto::{client, random},
    domain::{
        client::{parse_name, parse_scopes},
        event::Actor,
        field::Fields,
        id::ClientId,
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    messaging::Worker,
    run_command,
    store::Table,
};

use crate::create_client::{created, credentials, new_client};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MakeClient {
    name: String,
    scopes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct MadeClient {
    client_id: ClientId,
    client_secret: Masked<String>,
}

pub fn worker() -> Worker {
    Worker::of_operator("admin-make-client", make_client)
        .summary("Make a machine client")
        .needs(Needs::new().with(Capability::Commit).put(Table::Identity))
}

async fn make_client(app: &'static App, payload: MakeClient, now: Timestamp) -> Result<MadeClient> {
    let mut fields = Fields::default();
    let name = fields.check("name", parse_name(&payload.name));
    let scopes = fields.check("scopes", parse_scopes(&payload.scopes));
    fields.done().map_err(RequestError::Invalid)?;
    let named = name.zip(scopes).ok_or_else(|| Internal::bug("a form without faults has all its values"))?;
    let secret = client::new_secret();
    let made = new_client(named, credentials(Some(&secret), Vec::new(), now), None, now);
    let correlation_id = format!("operator-{:016x}", u64::from_be_bytes(random::bytes()));
    let command = app.store().await.command(&correlation_id, Actor::system("operator"));
    let answer = run_command!(command, |attempt| {
        Ok(attempt.commit(now).new_client(&made).event(created(&made)).returning(()))
    });
    answer?;
    Ok(MadeClient { client_id: made.id, client_secret: Masked(secret.expose().clone()) })
}
