//! Countries.

use super::{EMPTY, personal_text};
use crate::field::FieldFault;

const UNKNOWN: FieldFault = FieldFault::new("invalid_country", "Must be an ISO 3166-1 alpha-2 country code, like US.");

/// The officially assigned codes of ISO 3166-1 alpha-2, and `XK` (Kosovo), which is not assigned but in general use
/// (the EU, ICAO's and SWIFT's practice).
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI \
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM \
    MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT \
    PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// A country by its ISO 3166-1 alpha-2 code, upper case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(String);

personal_text! { Country: "US", }

impl Country {
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let code = text.trim_matches(' ').to_ascii_uppercase();
        if code.is_empty() {
            return Err(EMPTY);
        }
        if code.len() == 2 && CODES.split_ascii_whitespace().any(|known| known == code) {
            Ok(Self(code))
        } else {
            Err(UNKNOWN)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_countries_only() {
        assert_eq!(Country::parse("in").unwrap().as_str(), "IN");
        for text in ["", "UK", "XX", "USA", "U", "D E", "ÄÖ"] {
            assert!(Country::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_whole() {
        let codes: Vec<_> = CODES.split_ascii_whitespace().collect();
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert_eq!(codes.len(), 249 + 1);
    }
}
