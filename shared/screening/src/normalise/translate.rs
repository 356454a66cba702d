//! Words that say what an organisation is or does, in the scripts that romanising would leave illegible to a Latin spelling.
//!
//! `有限公司` is "Co Ltd" on every English list, and "youxiangongsi" on none. Only such words are translated; names are always
//! romanised. Sorted by nothing: the tables are short, and asked only for organisations in another script.

/// Han and Hangul words, which nothing separates from their neighbours: longer ones first.
const UNSPACED: &[(&str, &str)] = &[
    ("股份有限公司", "co ltd"),
    ("有限责任公司", "co ltd"),
    ("有限責任公司", "co ltd"),
    ("有限公司", "co ltd"),
    ("株式会社", "co ltd"),
    ("有限会社", "co ltd"),
    ("合同会社", "llc"),
    ("公司", "company"),
    ("研究所", "research institute"),
    ("研究院", "research institute"),
    ("进出口", "import export"),
    ("進出口", "import export"),
    ("集团", "group"),
    ("集團", "group"),
    ("控股", "holdings"),
    ("科技", "technology"),
    ("技术", "technology"),
    ("技術", "technology"),
    ("国际", "international"),
    ("國際", "international"),
    ("国際", "international"),
    ("贸易", "trading"),
    ("貿易", "trading"),
    ("商贸", "trading"),
    ("银行", "bank"),
    ("銀行", "bank"),
    ("石油", "petroleum"),
    ("实业", "industry"),
    ("實業", "industry"),
    ("工业", "industry"),
    ("工業", "industry"),
    ("投资", "investment"),
    ("投資", "investment"),
    ("发展", "development"),
    ("發展", "development"),
    ("电子", "electronics"),
    ("電子", "electronics"),
    ("航空", "aviation"),
    ("物流", "logistics"),
    ("能源", "energy"),
    ("化工", "chemical"),
    ("船务", "shipping"),
    ("船務", "shipping"),
    ("航运", "shipping"),
    ("海运", "shipping"),
    ("海運", "shipping"),
    ("建设", "construction"),
    ("建築", "construction"),
    ("建筑", "construction"),
    ("工程", "engineering"),
    ("机械", "machinery"),
    ("医药", "pharmaceutical"),
    ("保险", "insurance"),
    ("保険", "insurance"),
    ("大学", "university"),
    ("通信", "communications"),
    ("信息", "information"),
    ("国家", "national"),
    ("中国", "china"),
    ("中國", "china"),
    ("香港", "hong kong"),
    ("グループ", "group"),
    ("ホールディングス", "holdings"),
    ("주식회사", "co ltd"),
    ("유한회사", "co ltd"),
    ("총회사", "corporation"),
    ("중공업", "heavy industries"),
    ("회사", "company"),
    ("은행", "bank"),
    ("무역", "trading"),
    ("그룹", "group"),
    ("전자", "electronics"),
    ("건설", "construction"),
    ("해운", "shipping"),
    ("국제", "international"),
    ("기술", "technology"),
    ("산업", "industry"),
    ("석유", "petroleum"),
];

/// Words of the scripts that have spaces, without their articles, in lower case.
const SPACED: &[(&str, &str)] = &[
    // Arabic, Persian
    ("شركة", "company"),
    ("شركه", "company"),
    ("شرکت", "company"),
    ("بنك", "bank"),
    ("بانک", "bank"),
    ("مصرف", "bank"),
    ("مؤسسة", "establishment"),
    ("مجموعة", "group"),
    ("مجموعه", "group"),
    ("تجارة", "trading"),
    ("تجارت", "trading"),
    ("بازرگانی", "trading"),
    ("صناعة", "industry"),
    ("صنایع", "industries"),
    ("نفط", "oil"),
    ("نفت", "oil"),
    ("دولية", "international"),
    ("جمعية", "association"),
    ("جامعة", "university"),
    ("دانشگاه", "university"),
    ("استثمار", "investment"),
    ("صرافة", "exchange"),
    // Hebrew
    ("בנק", "bank"),
    ("חברה", "company"),
    ("חברת", "company"),
    // Russian, Ukrainian
    ("и", "and"),
    ("компания", "company"),
    ("компанія", "company"),
    ("корпорация", "corporation"),
    ("общество", "company"),
    ("группа", "group"),
    ("холдинг", "holding"),
    ("международный", "international"),
    ("международная", "international"),
    ("национальный", "national"),
    ("национальная", "national"),
    ("государственный", "state"),
    ("государственная", "state"),
    ("российский", "russian"),
    ("российская", "russian"),
    ("нефтяная", "oil"),
    ("нефть", "oil"),
    ("производственное", "production"),
    ("предприятие", "enterprise"),
    ("завод", "factory"),
    ("институт", "institute"),
    ("университет", "university"),
    ("фонд", "fund"),
    ("центр", "center"),
    ("менеджмент", "management"),
    ("консалтинг", "consulting"),
    ("инвестиции", "investments"),
    ("строительство", "construction"),
    ("объединение", "association"),
    ("управление", "directorate"),
    ("министерство", "ministry"),
    ("партия", "party"),
    ("союз", "union"),
    ("торговый", "trading"),
    // Devanagari
    ("कंपनी", "company"),
    ("बैंक", "bank"),
    ("लिमिटेड", "limited"),
    ("प्राइवेट", "private"),
    ("इंडस्ट्रीज", "industries"),
];

/// The English of a whole word, its article taken off.
pub fn word(text: &str) -> Option<&'static str> {
    if text.is_ascii() {
        return None;
    }
    let lower = text.to_lowercase();
    SPACED.iter().find(|(own, _)| *own == lower).map(|(_, english)| *english)
}

/// The English of what a text without spaces begins with, and how many bytes that takes.
pub fn beginning(text: &str) -> Option<(usize, &'static str)> {
    UNSPACED.iter().find(|(own, _)| text.starts_with(own)).map(|(own, english)| (own.len(), *english))
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, form};
    use super::*;

    #[test]
    fn what_an_organisation_does_is_read_in_english() {
        for (name, expected) in [
            ("北京蓝天科技有限公司", "bei jing lan tian technology co ltd"),
            ("주식회사 한빛", "co ltd han bit"),
            ("株式会社サクラ", "co ltd sakura"),
            ("شركة الزهراء للتجارة", "company al zhra al trading"),
            ("ООО Ромашка и Консалтинг", "ooo romashka and consulting"),
        ] {
            let form = form(name, Reading::Organisation);
            assert_eq!(form.tokens.iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join(" "), expected, "{name}");
        }
        assert_eq!(form("Союз", Reading::Person).tokens[0].text, "soyuz", "in a person's name a word is a name");
    }

    #[test]
    fn no_word_hides_a_longer_one() {
        for (at, (own, _)) in UNSPACED.iter().enumerate() {
            assert!(UNSPACED[..at].iter().all(|(before, _)| !own.starts_with(before)), "{own}");
        }
    }
}
