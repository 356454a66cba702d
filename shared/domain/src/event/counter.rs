//! Business counters that events increase.

use serde_json::{Map, Value};

/// A counter that an event type increases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Prometheus name, `_total`.
    pub name: &'static str,
    pub labels: &'static [(&'static str, Label)],
    pub by: Amount,
}

/// The source of a label's value. Labels have few values, since each value makes a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Is(&'static str),
    /// A word in the event's data.
    Field(&'static str),
}

/// The amount that an event adds to a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    One,
    /// A number in the event's data.
    Field(&'static str),
}

impl Counter {
    pub(super) const fn plain(name: &'static str) -> Self {
        Self { name, labels: &[], by: Amount::One }
    }

    pub(super) const fn labelled(name: &'static str, labels: &'static [(&'static str, Label)]) -> Self {
        Self { name, labels, by: Amount::One }
    }

    pub(super) const fn by(self, field: &'static str) -> Self {
        Self { by: Amount::Field(field), ..self }
    }

    /// The increase by an event with this data.
    pub fn count(&self, data: &Map<String, Value>) -> Count {
        let value = |label: Label| match label {
            Label::Is(word) => word.to_owned(),
            Label::Field(name) => data.get(name).and_then(Value::as_str).unwrap_or("unknown").to_owned(),
        };
        let by = match self.by {
            Amount::One => 1,
            Amount::Field(name) => data.get(name).and_then(Value::as_u64).unwrap_or(1),
        };
        let labels = self.labels.iter().map(|(name, label)| (*name, value(*label))).collect();
        Count { counter: self.name, labels, by }
    }
}

/// The increase of a counter by one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Prometheus name, `_total`.
    pub counter: &'static str,
    pub labels: Vec<(&'static str, String)>,
    pub by: u64,
}
