//! The rules: plain types and functions, no I/O, no clock, no AWS.
