#![no_main]

use verinym_screening::{date, readers};

// Dates, countries and names out of one field.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = (date::parse(text), date::parse_all(text), readers::iso_country(text), readers::sniff(text.as_bytes()));
    for kind in 0..5 {
        let found = readers::names_in(text, verinym_screening::Kind::from_byte(kind));
        assert!(found.names.len() <= 40);
    }
});
