#![no_main]

use verinym_screening::Format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| verinym_screening_fuzz::read(&Format::EuXml, data));
