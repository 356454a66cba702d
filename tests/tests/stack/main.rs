//! Tests through a deployed stack: `make test`, or `make up` once and then `cargo test -p verinym-tests`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test cannot do is its failure")]

mod strangers;
