//! Cryptography: pure functions over keys and bytes; where keys come from is the store's matter.

pub mod random;
