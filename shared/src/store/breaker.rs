//! A provider's breaker, shared by all instances: one item, each change one conditional update.
//!
//! The rule and the table of conditions stand in [`crate::domain::breaker`].

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    Store, Table,
    item::{Item, Key, number, read, text},
};
use crate::{
    domain::{
        breaker::{Breaker, BreakerAdmission, BreakerChange, BreakerPolicy, Permit},
        time::Timestamp,
    },
    error::{Internal, Result},
};

fn key(provider: &str) -> Key {
    Key::of(format!("BREAKER#{provider}"))
}

/// How often a change is decided anew before its count is let go: a lost count is harmless.
const TRIES: u32 = 4;

impl Store {
    /// Leave to call a provider now, or the time to come back at.
    pub async fn breaker_admit(
        &self,
        provider: &str,
        policy: &BreakerPolicy,
        now: Timestamp,
    ) -> Result<std::result::Result<Permit, Timestamp>> {
        let mut state = self.breaker(provider).await?;
        for _ in 0..TRIES {
            match state.on_call(now, policy) {
                BreakerAdmission::Call(permit) => return Ok(Ok(permit)),
                BreakerAdmission::Refused { retry_at } => return Ok(Err(retry_at)),
                BreakerAdmission::Probe(permit, change) => match self.breaker_apply(provider, &change).await? {
                    Ok(_) => return Ok(Ok(permit)),
                    Err(current) => state = current,
                },
            }
        }
        Ok(Err(now + policy.probe_for))
    }

    /// Reports how a call ended. `ok` is whether the provider is well, not whether it agreed.
    pub async fn breaker_report(
        &self,
        provider: &str,
        permit: Permit,
        ok: bool,
        policy: &BreakerPolicy,
        now: Timestamp,
    ) -> Result<()> {
        let mut state = self.breaker(provider).await?;
        for _ in 0..TRIES {
            let Some(change) = state.on_outcome(permit, now, ok, policy) else { return Ok(()) };
            match self.breaker_apply(provider, &change).await? {
                Ok(new) => {
                    if let Some(open) = new.trips(now, policy) {
                        tracing::warn!(provider, "breaker opens");
                        self.breaker_apply(provider, &open).await?.ok();
                    }
                    return Ok(());
                }
                Err(current) => state = current,
            }
        }
        Ok(())
    }

    /// How long a provider is not called from now on; `None` if it is.
    pub async fn breaker_refuses_for(&self, provider: &str, now: Timestamp) -> Result<Option<Duration>> {
        Ok(self.breaker(provider).await?.refuses_for(now))
    }

    async fn breaker(&self, provider: &str) -> Result<Breaker> {
        Ok(self.get_as(Table::Ephemeral, &key(provider)).await?.unwrap_or_default())
    }

    async fn breaker_apply(
        &self,
        provider: &str,
        change: &BreakerChange,
    ) -> Result<std::result::Result<Breaker, Breaker>> {
        let Expression { update, condition, values } = expression(change);
        let mut request = self
            .db
            .update_item()
            .table_name(self.name(Table::Ephemeral))
            .set_key(Some(key(provider).to_item()))
            .update_expression(update)
            .condition_expression(condition)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if condition.contains("#window") || update.contains("#window") {
            request = request.expression_attribute_names("#window", "window");
        }
        for (name, value) in values {
            request = request.expression_attribute_values(name, value);
        }
        let state = |item: Option<Item>| item.map_or_else(|| Ok(Breaker::default()), read);
        match request.send().await {
            Ok(answer) => Ok(Ok(state(answer.attributes)?)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(Err(state(failed.item.clone())?)),
                _ => Err(Internal::aws("change breaker", &error).into()),
            },
        }
    }
}

struct Expression {
    update: &'static str,
    condition: &'static str,
    values: Vec<(&'static str, AttributeValue)>,
}

fn expression(change: &BreakerChange) -> Expression {
    let at = |time: &Timestamp| text(time.to_string());
    let failures = |failed: bool| number(u8::from(failed));
    match change {
        BreakerChange::Count { generation, window, failed } => Expression {
            update: "ADD calls :one, failures :failed",
            condition: "generation = :g AND #window = :w",
            values: vec![
                (":g", number(generation)),
                (":w", at(window)),
                (":one", number(1)),
                (":failed", failures(*failed)),
            ],
        },
        BreakerChange::StartWindow { generation, window, failed } => Expression {
            update: "SET generation = :g, #window = :w, calls = :one, failures = :failed",
            condition: if *generation == 0 {
                "attribute_not_exists(generation) OR (generation = :g AND #window < :w)"
            } else {
                "generation = :g AND #window < :w"
            },
            values: vec![
                (":g", number(generation)),
                (":w", at(window)),
                (":one", number(1)),
                (":failed", failures(*failed)),
            ],
        },
        BreakerChange::Open { generation, until } => Expression {
            update: "SET generation = :next, open_until = :t, calls = :zero, failures = :zero REMOVE probe_until",
            condition: "generation = :g",
            values: vec![
                (":g", number(generation)),
                (":next", number(generation + 1)),
                (":t", at(until)),
                (":zero", number(0)),
            ],
        },
        BreakerChange::ClaimProbe { generation, now, until } => Expression {
            update: "SET probe_until = :t",
            condition: "generation = :g AND (attribute_not_exists(probe_until) OR probe_until <= :now)",
            values: vec![(":g", number(generation)), (":now", at(now)), (":t", at(until))],
        },
        BreakerChange::Close { generation } => Expression {
            update: "SET generation = :next, calls = :zero, failures = :zero REMOVE open_until, probe_until",
            condition: "generation = :g",
            values: vec![(":g", number(generation)), (":next", number(generation + 1)), (":zero", number(0))],
        },
    }
}
