//! The sandbox: an identity provider of ours to rehearse with, a service of its own with its own small stack.
//!
//! It speaks the IDfy v3 task format over HTTP and calls back with signed webhooks; what it answers is chosen by the
//! document number.

pub mod scenario;
