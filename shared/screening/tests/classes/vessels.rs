//! Vessels and aircraft: numbers and types beside the name, former names, kinds that lists have wrong.

use verinym_screening::Kind::{Aircraft, Organisation, Person, Vessel};

use super::{Right, Row, class, found};

#[test]
fn what_stands_beside_a_vessels_name_is_no_part_of_it() {
    let rows = [
        ("ARCTIC LANTERN", "Arctic Lantern (IMO 9187629)"),
        ("ARCTIC LANTERN", "Arctic Lantern, IMO: 9187629"),
        ("ARCTIC LANTERN", "LPG/C Arctic Lantern"),
        ("ARCTIC LANTERN", "F/V Arctic Lantern"),
        ("ARCTIC LANTERN", "T/S Arctic Lantern"),
        ("ARCTIC LANTERN", "Tanker Arctic Lantern"),
        ("ARCTIC LANTERN", "ARCTIC LANTERN ex OLD BEACON"),
        ("MIRANTA STAR (IMO 9187629)", "Miranta Star"),
    ];
    class("F12", found(Vessel, 0.95, &rows));
}

#[test]
fn another_kind_costs_and_does_not_exclude() {
    let of = |listed_kind, listed, kind| (Row { listed_kind, ..Row::of(kind, listed, listed) }, Right::AtLeast(0.9));
    let rows = [
        of(Organisation, "New Konk", Vessel),
        of(Person, "Nuclear Research Center for Agriculture and Medicine", Organisation),
        of(Aircraft, "EP-MNB", Vessel),
    ];
    class("F15", rows);
}
