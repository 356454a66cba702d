//! Country names, as sanctions lists write them, to ISO 3166-1 alpha-2.

/// The code for a country's name or code; nothing for what is not one. Case does not matter.
pub fn iso_country(text: &str) -> Option<&'static str> {
    let lower = text.trim().trim_end_matches('.').to_lowercase();
    if lower.len() == 2 {
        return TABLE.iter().find(|(_, code)| code.eq_ignore_ascii_case(&lower)).map(|(_, code)| *code);
    }
    TABLE.iter().find(|(name, _)| *name == lower).map(|(_, code)| *code)
}

#[rustfmt::skip]
const TABLE: &[(&str, &str)] = &[
    ("afghanistan", "AF"), ("islamic republic of afghanistan", "AF"), ("afghan", "AF"), ("albania", "AL"),
    ("albanian", "AL"), ("algeria", "DZ"), ("algerian", "DZ"), ("andorra", "AD"), ("angola", "AO"), ("antigua and
    barbuda", "AG"), ("argentina", "AR"), ("argentinian", "AR"), ("armenia", "AM"), ("armenian", "AM"),
    ("australia", "AU"), ("australian", "AU"), ("austria", "AT"), ("austrian", "AT"), ("azerbaijan", "AZ"),
    ("bahamas, the", "BS"), ("bahamas", "BS"), ("the bahamas", "BS"), ("bahrain", "BH"), ("bahraini", "BH"),
    ("bangladesh", "BD"), ("barbados", "BB"), ("belarus", "BY"), ("belarusian", "BY"), ("belgium", "BE"),
    ("belgian", "BE"), ("belize", "BZ"), ("benin", "BJ"), ("bermuda", "BM"), ("bhutan", "BT"), ("bolivia", "BO"),
    ("bolivia (plurinational state of)", "BO"), ("bosnia and herzegovina", "BA"), ("bosnia", "BA"), ("botswana",
    "BW"), ("brazil", "BR"), ("brazilian", "BR"), ("british virgin islands", "VG"), ("virgin islands, british",
    "VG"), ("brunei", "BN"), ("brunei darussalam", "BN"), ("bulgaria", "BG"), ("bulgarian", "BG"), ("burkina faso",
    "BF"), ("burma", "MM"), ("myanmar", "MM"), ("burundi", "BI"), ("cambodia", "KH"), ("cameroon", "CM"), ("canada",
    "CA"), ("canadian", "CA"), ("cape verde", "CV"), ("cabo verde", "CV"), ("cayman islands", "KY"), ("central
    african republic", "CF"), ("car", "CF"), ("chad", "TD"), ("chile", "CL"), ("china", "CN"), ("chinese", "CN"),
    ("people's republic of china", "CN"), ("colombia", "CO"), ("colombian", "CO"), ("comoros", "KM"), ("congo",
    "CG"), ("congo, republic of the", "CG"), ("republic of the congo", "CG"), ("congo, democratic republic of the",
    "CD"), ("democratic republic of the congo", "CD"), ("drc", "CD"), ("democratic republic of congo", "CD"),
    ("costa rica", "CR"), ("cote d'ivoire", "CI"), ("côte d'ivoire", "CI"), ("ivory coast", "CI"), ("croatia",
    "HR"), ("cuba", "CU"), ("cuban", "CU"), ("cyprus", "CY"), ("czech republic", "CZ"), ("czechia", "CZ"),
    ("denmark", "DK"), ("djibouti", "DJ"), ("dominica", "DM"), ("dominican republic", "DO"), ("ecuador", "EC"),
    ("egypt", "EG"), ("egyptian", "EG"), ("el salvador", "SV"), ("equatorial guinea", "GQ"), ("eritrea", "ER"),
    ("estonia", "EE"), ("eswatini", "SZ"), ("swaziland", "SZ"), ("ethiopia", "ET"), ("fiji", "FJ"), ("finland",
    "FI"), ("france", "FR"), ("french", "FR"), ("gabon", "GA"), ("gambia, the", "GM"), ("gambia", "GM"), ("georgia",
    "GE"), ("germany", "DE"), ("german", "DE"), ("ghana", "GH"), ("gibraltar", "GI"), ("greece", "GR"), ("greek",
    "GR"), ("grenada", "GD"), ("guatemala", "GT"), ("guinea", "GN"), ("guinea-bissau", "GW"), ("guinea bissau",
    "GW"), ("guyana", "GY"), ("haiti", "HT"), ("honduras", "HN"), ("hong kong", "HK"), ("hungary", "HU"),
    ("iceland", "IS"), ("india", "IN"), ("indian", "IN"), ("indonesia", "ID"), ("indonesian", "ID"), ("iran", "IR"),
    ("iran (islamic republic of)", "IR"), ("islamic republic of iran", "IR"), ("iranian", "IR"), ("iraq", "IQ"),
    ("iraqi", "IQ"), ("ireland", "IE"), ("isle of man", "IM"), ("israel", "IL"), ("israeli", "IL"), ("italy", "IT"),
    ("italian", "IT"), ("jamaica", "JM"), ("japan", "JP"), ("japanese", "JP"), ("jersey", "JE"), ("guernsey", "GG"),
    ("jordan", "JO"), ("jordanian", "JO"), ("kazakhstan", "KZ"), ("kenya", "KE"), ("kenyan", "KE"), ("korea, north",
    "KP"), ("north korea", "KP"), ("democratic people's republic of korea", "KP"), ("democratic people’s republic of
    korea", "KP"), ("dprk", "KP"), ("korea, south", "KR"), ("south korea", "KR"), ("republic of korea", "KR"),
    ("kosovo", "XK"), ("kuwait", "KW"), ("kuwaiti", "KW"), ("kyrgyzstan", "KG"), ("laos", "LA"), ("lao people's
    democratic republic", "LA"), ("latvia", "LV"), ("lebanon", "LB"), ("lebanese", "LB"), ("lesotho", "LS"),
    ("liberia", "LR"), ("libya", "LY"), ("libyan", "LY"), ("libyan arab jamahiriya", "LY"), ("liechtenstein", "LI"),
    ("lithuania", "LT"), ("luxembourg", "LU"), ("macau", "MO"), ("macao", "MO"), ("madagascar", "MG"), ("malawi",
    "MW"), ("malaysia", "MY"), ("malaysian", "MY"), ("maldives", "MV"), ("mali", "ML"), ("malta", "MT"), ("marshall
    islands", "MH"), ("mauritania", "MR"), ("mauritius", "MU"), ("mexico", "MX"), ("mexican", "MX"), ("micronesia",
    "FM"), ("moldova", "MD"), ("republic of moldova", "MD"), ("monaco", "MC"), ("mongolia", "MN"), ("montenegro",
    "ME"), ("morocco", "MA"), ("moroccan", "MA"), ("mozambique", "MZ"), ("namibia", "NA"), ("nepal", "NP"),
    ("netherlands", "NL"), ("the netherlands", "NL"), ("netherlands, the", "NL"), ("dutch", "NL"), ("new zealand",
    "NZ"), ("nicaragua", "NI"), ("niger", "NE"), ("nigeria", "NG"), ("nigerian", "NG"), ("north macedonia", "MK"),
    ("north macedonia, the republic of", "MK"), ("macedonia", "MK"), ("the former yugoslav republic of macedonia",
    "MK"), ("norway", "NO"), ("oman", "OM"), ("pakistan", "PK"), ("pakistani", "PK"), ("palau", "PW"),
    ("palestinian", "PS"), ("palestine", "PS"), ("west bank", "PS"), ("region: gaza", "PS"), ("gaza", "PS"), ("state
    of palestine", "PS"), ("panama", "PA"), ("panamanian", "PA"), ("papua new guinea", "PG"), ("paraguay", "PY"),
    ("peru", "PE"), ("philippines", "PH"), ("filipino", "PH"), ("poland", "PL"), ("portugal", "PT"), ("puerto rico",
    "PR"), ("qatar", "QA"), ("qatari", "QA"), ("romania", "RO"), ("russia", "RU"), ("russian federation", "RU"),
    ("russian", "RU"), ("rwanda", "RW"), ("rwandan", "RW"), ("saint kitts and nevis", "KN"), ("st. kitts and nevis",
    "KN"), ("saint lucia", "LC"), ("saint vincent and the grenadines", "VC"), ("st. vincent and the grenadines",
    "VC"), ("samoa", "WS"), ("san marino", "SM"), ("sao tome and principe", "ST"), ("saudi arabia", "SA"), ("saudi
    arabian", "SA"), ("saudi", "SA"), ("senegal", "SN"), ("serbia", "RS"), ("serbian", "RS"), ("seychelles", "SC"),
    ("sierra leone", "SL"), ("singapore", "SG"), ("slovakia", "SK"), ("slovenia", "SI"), ("solomon islands", "SB"),
    ("somalia", "SO"), ("somali", "SO"), ("south africa", "ZA"), ("south sudan", "SS"), ("spain", "ES"), ("spanish",
    "ES"), ("sri lanka", "LK"), ("sudan", "SD"), ("the sudan", "SD"), ("sudanese", "SD"), ("suriname", "SR"),
    ("sweden", "SE"), ("swedish", "SE"), ("switzerland", "CH"), ("swiss", "CH"), ("syria", "SY"), ("syrian arab
    republic", "SY"), ("syrian", "SY"), ("taiwan", "TW"), ("tajikistan", "TJ"), ("tanzania", "TZ"), ("united
    republic of tanzania", "TZ"), ("thailand", "TH"), ("timor-leste", "TL"), ("east timor", "TL"), ("togo", "TG"),
    ("tonga", "TO"), ("trinidad and tobago", "TT"), ("tunisia", "TN"), ("tunisian", "TN"), ("turkey", "TR"),
    ("türkiye", "TR"), ("turkiye", "TR"), ("turkish", "TR"), ("turkmenistan", "TM"), ("tuvalu", "TV"), ("uganda",
    "UG"), ("ugandan", "UG"), ("ukraine", "UA"), ("ukrainian", "UA"), ("united arab emirates", "AE"), ("uae", "AE"),
    ("united kingdom", "GB"), ("united kingdom of great britain and northern ireland", "GB"), ("great britain",
    "GB"), ("british", "GB"), ("uk", "GB"), ("england", "GB"), ("united states", "US"), ("united states of america",
    "US"), ("usa", "US"), ("american", "US"), ("uruguay", "UY"), ("uzbekistan", "UZ"), ("vanuatu", "VU"), ("vatican
    city", "VA"), ("holy see", "VA"), ("venezuela", "VE"), ("venezuelan", "VE"), ("venezuela (bolivarian republic
    of)", "VE"), ("vietnam", "VN"), ("viet nam", "VN"), ("yemen", "YE"), ("yemeni", "YE"), ("zambia", "ZM"),
    ("zimbabwe", "ZW"), ("zimbabwean", "ZW"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes() {
        for (text, code) in [
            ("Iran (Islamic Republic of)", Some("IR")),
            ("Korea, North", Some("KP")),
            ("RUSSIA", Some("RU")),
            ("de", Some("DE")),
            ("Türkiye", Some("TR")),
            ("Atlantis", None),
            ("", None),
        ] {
            assert_eq!(iso_country(text), code, "{text}");
        }
    }
}
