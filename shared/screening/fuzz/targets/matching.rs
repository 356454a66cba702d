#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| verinym_screening_fuzz::screen(data));
