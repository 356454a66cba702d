#![no_main]

use verinym_screening_fuzz::{mapped, read};

libfuzzer_sys::fuzz_target!(|data: &[u8]| read(&mapped(), data));
