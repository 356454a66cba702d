//! Tests through a deployed stack: `make test`, or `make up` once and then `cargo test -p verinym-tests`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot do is its failure")]

mod account_life;
mod accounts;
mod applicant_view;
mod applicants;
mod audit;
mod callbacks;
mod checks;
mod client_addresses;
mod clients;
mod crash;
mod deliveries;
mod documents;
mod earlier_snapshots;
mod email_changes;
mod enumeration;
mod grants;
mod guessing;
mod idempotency;
mod imports;
mod introspection;
mod journey;
mod lists;
mod mails;
mod manual;
mod notes;
mod own_checks;
mod profiles;
mod review;
mod roles;
mod scenarios;
mod screening;
mod screening_delays;
mod screening_route;
mod second_factors;
mod secrets_at_rest;
mod sessions;
mod sign_ins;
mod snapshot_races;
mod social;
mod staff_reads;
mod staff_second_factor;
mod strangers;
mod watchlists;
mod webhooks;
