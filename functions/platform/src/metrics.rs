//! GET /v1/metrics: the counters projected from events, and queue depths, as Prometheus text (exposition format 0.0.4).

use std::{collections::BTreeMap, fmt::Write};

use verinym::{
    config::names::Queue,
    domain::role::MetricsRead,
    error::Result,
    function::Needs,
    http::{Call, Can, Endpoint, Route, Text},
    messaging::queue::QueueDepth,
    store::Table,
};

pub fn endpoint() -> Endpoint {
    Route::get("platform-metrics", "/v1/metrics")
        .summary("Read the metrics")
        .description("Counters and queue depths as Prometheus text (exposition format 0.0.4).")
        .needs(Queue::ALL.iter().fold(Needs::new().query(Table::Outbound), |needs, queue| {
            needs.count_messages(*queue).count_dead_letters(*queue)
        }))
        .handled_by(metrics)
}

async fn metrics(call: Call<Can<MetricsRead>>, (): ()) -> Result<Text> {
    let store = call.app.store().await;
    let (counters, depths) = tokio::try_join!(store.counters(), call.app.queue_depths())?;
    Ok(Text {
        content_type: "text/plain; version=0.0.4; charset=utf-8",
        text: exposition(&counters, &depths),
        headers: vec![],
    })
}

/// The text format of Prometheus. Counters have their full names, `family{label="value"}`; they are grouped by family.
fn exposition(counters: &BTreeMap<String, u64>, depths: &[QueueDepth]) -> String {
    let mut text = String::new();
    let mut families: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for (name, count) in counters {
        let family = name.split('{').next().unwrap_or(name);
        families.entry(family).or_default().push((name, *count));
    }
    // Writing to a string cannot fail.
    for (family, samples) in families {
        let _ = writeln!(text, "# TYPE {family} counter");
        for (name, count) in samples {
            let _ = writeln!(text, "{name} {count}");
        }
    }
    let _ = writeln!(text, "# HELP queue_messages Approximate number of messages in a queue.");
    let _ = writeln!(text, "# TYPE queue_messages gauge");
    for depth in depths {
        let queue = depth.queue.as_str();
        let states = [
            ("visible", depth.visible),
            ("in_flight", depth.in_flight),
            ("delayed", depth.delayed),
            ("dead", depth.dead),
        ];
        for (state, count) in states {
            let _ = writeln!(text, "queue_messages{{queue=\"{queue}\",state=\"{state}\"}} {count}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use verinym::messaging::queue::Queue;

    use super::*;

    #[test]
    fn samples_are_listed_under_the_type_of_their_family() {
        let counters = BTreeMap::from([
            ("auth_login_total{outcome=\"failure\"}".to_owned(), 3),
            ("auth_login_total{outcome=\"success\"}".to_owned(), 5),
            // Sorts between the two samples above, but is a family of its own.
            ("auth_login_total_x".to_owned(), 1),
            ("auth_registration_total".to_owned(), 2),
        ]);
        let depth = QueueDepth { queue: Queue::Documents, visible: 1, in_flight: 2, delayed: 0, dead: 4 };
        let text = exposition(&counters, &[depth]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "# TYPE auth_login_total counter",
                "auth_login_total{outcome=\"failure\"} 3",
                "auth_login_total{outcome=\"success\"} 5",
                "# TYPE auth_login_total_x counter",
                "auth_login_total_x 1",
                "# TYPE auth_registration_total counter",
                "auth_registration_total 2",
                "# HELP queue_messages Approximate number of messages in a queue.",
                "# TYPE queue_messages gauge",
                "queue_messages{queue=\"documents\",state=\"visible\"} 1",
                "queue_messages{queue=\"documents\",state=\"in_flight\"} 2",
                "queue_messages{queue=\"documents\",state=\"delayed\"} 0",
                "queue_messages{queue=\"documents\",state=\"dead\"} 4",
            ]
        );
        assert!(text.ends_with('\n'));
    }
}
