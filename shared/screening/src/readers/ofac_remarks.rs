//! OFAC's remarks: facts in prose, parted by semicolons.

use super::intake::Intake;
use super::iso_country;
use super::ofac_labels;
use crate::entity::{Entity, Identifier, Name, NameType, Strength};

/// Addresses of wallets are the longest numbers.
const LONGEST_NUMBER: usize = 128;

/// Fills in what the remarks say; the remarks themselves are kept.
pub(super) fn parse(remarks: &str, entity: &mut Entity, intake: &mut Intake) {
    for part in remarks.split(';') {
        let part = part.trim().trim_end_matches('.');
        let fact = part.strip_prefix("alt. ").or_else(|| part.strip_prefix("Alt. ")).unwrap_or(part);
        if let Some(date) = fact.strip_prefix("DOB ") {
            entity.dates_of_birth.extend(intake.dates("DOB", date));
        } else if let Some(country) = country(fact) {
            entity.countries.extend(intake.country("nationality", country));
        } else if let Some(other) = fact.strip_prefix("Linked To:") {
            entity.linked_to.push(other.trim().to_owned());
        } else if let Some((name, name_type)) = name(fact) {
            // In the remarks stand the aliases that OFAC calls weak.
            entity.names.push(Name::new(name, name_type, Strength::Weak));
        } else if let Some((kind, rest)) = ofac_labels::number(fact) {
            match identifier(rest, &kind) {
                Some(identifier) => entity.identifiers.push(identifier),
                None => intake.report.unknown("remarks", fact),
            }
        } else if fact.bytes().filter(u8::is_ascii_digit).count() >= 5 && !ofac_labels::is_other_fact(fact) {
            intake.report.unknown("remarks", fact);
        }
    }
    remarks.trim().clone_into(&mut entity.remarks);
}

fn country(fact: &str) -> Option<&str> {
    ["nationality ", "citizen ", "Nationality of Registration "].iter().find_map(|label| fact.strip_prefix(label))
}

fn name(fact: &str) -> Option<(&str, NameType)> {
    let labels = [("a.k.a. ", NameType::Alias), ("n.k.a. ", NameType::Alias), ("f.k.a. ", NameType::Former)];
    let (quoted, name_type) = labels.iter().find_map(|(label, t)| Some((fact.strip_prefix(label)?, *t)))?;
    Some((quoted.trim().trim_matches('\''), name_type))
}

/// ` J287011 (Colombia) expires 20 Mar 2018`.
fn identifier(text: &str, kind: &str) -> Option<Identifier> {
    let (number, rest) = text.split_once('(').unwrap_or((text, ""));
    let number = number.split(" expires").next()?.split(" issued").next()?.trim().trim_end_matches(',');
    let usable = (3..=LONGEST_NUMBER).contains(&number.len())
        && number.bytes().any(|b| b.is_ascii_digit() || (kind == "swift" && b.is_ascii_uppercase()));
    usable.then(|| Identifier {
        kind: kind.to_owned(),
        number: number.to_owned(),
        country: rest.split(')').next().and_then(iso_country).map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(remarks: &str) -> (Entity, Intake) {
        let (mut entity, mut intake) = (Entity::default(), Intake::default());
        parse(remarks, &mut entity, &mut intake);
        (entity, intake)
    }

    fn numbers(entity: &Entity) -> Vec<(&str, &str, Option<&str>)> {
        entity.identifiers.iter().map(|i| (i.kind.as_str(), i.number.as_str(), i.country.as_deref())).collect()
    }

    #[test]
    fn facts_in_prose_are_found() {
        let (e, _) = parsed(
            "DOB Sep 1938; POB Lima, Peru; citizen Mexico; Passport 042833 (Lebanon) expires 20 Mar 2018; Tax ID No. 910 (Russia); f.k.a. 'OLD'; Nationality of Registration Korea, North.",
        );
        assert_eq!(e.dates_of_birth[0].to_string(), "1938-09");
        assert_eq!(e.countries, ["MX", "KP"]);
        assert_eq!(numbers(&e), [("passport", "042833", Some("LB")), ("tax", "910", Some("RU"))]);
        assert_eq!(e.names[0].name_type, NameType::Former);
    }

    #[test]
    fn every_label_of_a_number_is_read() {
        for (fact, kind, number, country) in [
            (
                "Digital Currency Address - XBT 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h",
                "wallet",
                "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h",
                None,
            ),
            (
                "alt. Digital Currency Address - ETH 0x7F367cC41522cE07553e823bf3be79A889DEbe1B",
                "wallet",
                "0x7F367cC41522cE07553e823bf3be79A889DEbe1B",
                None,
            ),
            ("Government Gazette Number 09804148 (Russia)", "registration", "09804148", Some("RU")),
            ("Folio Mercantil No. 343997 (Mexico) issued 14 Dec 2005", "registration", "343997", Some("MX")),
            ("Matricula Mercantil No 1362098 (Colombia)", "registration", "1362098", Some("CO")),
            (
                "Unified Social Credit Code (USCC) 91222401MA0Y31E659 (China)",
                "registration",
                "91222401MA0Y31E659",
                Some("CN"),
            ),
            ("UK Company Number 01074897 (United Kingdom)", "registration", "01074897", Some("GB")),
            ("US FEIN 431234567", "tax", "431234567", None),
            ("RFC CAVP-590612-AD1 (Mexico)", "tax", "CAVP-590612-AD1", Some("MX")),
            ("Diplomatic Passport 008827 (Iran) issued 1999", "passport", "008827", Some("IR")),
            ("Aircraft Construction Number (also called L/N or S/N or F/N) 8401", "aircraft serial", "8401", None),
            ("Vessel Registration Identification IMO 9187629", "imo", "9187629", None),
            ("V.A.T. Number BG 121024920 (Bulgaria)", "tax", "BG 121024920", Some("BG")),
            ("NIT # 800146749-7 (Colombia)", "tax", "800146749-7", Some("CO")),
            ("SWIFT/BIC HAVIGB2L", "swift", "HAVIGB2L", None),
            ("Credencial electoral 101924629544 (Mexico)", "credencial electoral", "101924629544", Some("MX")),
            ("Refugee ID Card 12345", "refugee id card", "12345", None),
            ("Birth Certificate Number 5566", "birth certificate number", "5566", None),
            ("C.U.I.P. AOIR671020H1374898 (Mexico)", "c.u.i.p", "AOIR671020H1374898", Some("MX")),
            ("N.I.E. X-1552120-B (Spain)", "n.i.e", "X-1552120-B", Some("ES")),
            ("Moroccan Personal ID No. E 427689 (Morocco)", "moroccan personal id no", "E 427689", Some("MA")),
        ] {
            let (e, _) = parsed(fact);
            assert_eq!(numbers(&e), [(kind, number, country)], "{fact}");
        }
    }

    #[test]
    fn figures_that_identify_nobody_are_no_numbers_and_what_is_not_understood_is_told() {
        let (e, intake) = parsed(
            "Executive Order 13662 Directive Determination; Phone Number 982188526300; Gender Male; Aircraft Model IL76-TD; POB Lima 15001; Star Chart 77777.",
        );
        assert_eq!(numbers(&e), []);
        assert_eq!(intake.report.unknown["remarks"].values.keys().collect::<Vec<_>>(), ["Star Chart 77777"]);
    }
}
