//! `workers-dispatch`: dispatches events as soon as they are written. The stream of outbox rows starts it.
//!
//! It makes dispatching fast; the sweep finds what it misses. If a row fails, the whole batch is delivered again. The rows
//! that succeeded are deleted by then, and workers recognise a repeated message by its key.

use aws_lambda_events::dynamodb::Event;
use futures::StreamExt;
use serde_json::Value;
use verinym::{
    app::App,
    domain::time::Timestamp,
    error::{Internal, Result},
    function::{Capability, Needs},
    messaging::{Worker, dispatch::dispatch},
    store::Table,
    store::{event::EventRecord, outbox_row},
};

/// The number of events that are dispatched in parallel.
const AT_ONCE: usize = 8;

pub fn worker() -> Worker {
    Worker::of_outbox_stream("workers-dispatch", work)
        .summary("Dispatch outbox rows as they are written; the sweep is the guarantee")
        .timeout(30)
        .needs(Needs::new().with(Capability::DispatchEvents).update(Table::Outbound).delete(Table::Outbound))
}

async fn work(app: &'static App, batch: Event, _: Timestamp) -> Result<Value> {
    let failed = futures::stream::iter(rows(batch))
        .map(|row| async { dispatch(app, &row?).await })
        .buffer_unordered(AT_ONCE)
        .filter_map(|done| async { done.err() })
        .inspect(|error| tracing::warn!(%error, "event not dispatched"))
        .count()
        .await;
    if failed > 0 {
        return Err(Internal::unavailable(format!("{failed} events not dispatched")).into());
    }
    // The answer without failures of a stream mapping that reports failures per record.
    Ok(serde_json::json!({ "batchItemFailures": [] }))
}

/// The events of new rows. The mapping filters them, but not every emulator does.
fn rows(batch: Event) -> impl Iterator<Item = Result<EventRecord>> {
    batch
        .records
        .into_iter()
        .filter(|record| record.event_name == "INSERT")
        .filter_map(|record| outbox_row::parse(record.change.new_image).transpose())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, pk: &str, body: &str) -> Value {
        json!({
            "eventID": "1", "eventName": name, "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_772_357_400.0, "SequenceNumber": "1", "SizeBytes": 1,
                "StreamViewType": "NEW_IMAGE", "Keys": {"pk": {"S": pk}, "sk": {"S": "x"}},
                "NewImage": {"pk": {"S": pk}, "sk": {"S": "x"}, "body": {"B": body}},
            },
        })
    }

    fn batch(records: &[Value]) -> Event {
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    #[test]
    fn only_new_outbox_rows_are_dispatched() {
        let removed = json!({
            "eventID": "2", "eventName": "REMOVE", "eventSource": "aws:dynamodb", "awsRegion": "eu-central-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_772_357_400.0, "SequenceNumber": "2", "SizeBytes": 1,
                "StreamViewType": "NEW_IMAGE", "Keys": {"pk": {"S": "OUT#03"}, "sk": {"S": "x"}},
            },
        });
        let others = [removed, record("MODIFY", "OUT#03", "e30="), record("INSERT", "T#03", "e30=")];
        assert_eq!(rows(batch(&others)).count(), 0);
    }

    #[test]
    fn a_row_that_cannot_be_parsed_fails_alone() {
        let body = "eyJpZCI6ImV2dF8wMWtrbXlkNTkwZTAwODAwMDAwMDAwMDAwMCIsInR5cGUiOiJ1c2VyLnJlZ2lzdGVyZWQifQ==";
        let read: Vec<_> =
            rows(batch(&[record("INSERT", "OUT#03", "e30="), record("INSERT", "OUT#04", body)])).collect();
        assert_eq!(read.len(), 2);
        assert!(read[0].is_err());
    }
}
