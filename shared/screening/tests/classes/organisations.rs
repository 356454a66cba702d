//! Companies: legal forms, abbreviations, initials.

use verinym_screening::Kind::Organisation;

use super::{class, found, strangers};

#[test]
fn legal_forms_written_out_in_their_own_script_carry_no_weight() {
    let rows = [
        ("Zelmorak LLC", "Общество с ограниченной ответственностью «Зельморак»"),
        ("Kvelant PJSC", "Публичное акционерное общество «Квелант»"),
        ("Открытое акционерное общество \"Вектор Плюс\"", "OAO Vektor Plyus"),
        ("ТОВ Веснянка", "Товариство з обмеженою відповідальністю Веснянка"),
        ("ФГУП Спектр", "Федеральное государственное унитарное предприятие Спектр"),
        ("Petrovac d.o.o.", "Друштво са ограниченом одговорношћу Петровац"),
    ];
    class("F3", found(Organisation, 0.95, &rows));
}

#[test]
fn legal_forms_abbreviated_cut_off_or_foreign_carry_no_weight() {
    let rows = [
        ("LUKOIL OAO", "LUKOIL OIL COMP"),
        ("ALMAZ LLC", "ALMAZ LTD LIABILITY COMPANY"),
        ("KAMAZ PJSC", "KAMAZ PUBLIC JOINT-STOCK CMPNY"),
        ("Zelmorak Ltd", "Zelmorak sp.k."),
        ("Zelmorak Ltd", "SIA Zelmorak"),
        ("Zelmorak Ltd", "Zelmorak SNC"),
        ("Zelmorak Ltd", "Zelmorak Ltd. Şti."),
        ("Zelmorak Ltd", "Zelmorak B.S.C."),
        ("Zelmorak Ltd", "Zelmorak SAE"),
        ("Zelmorak Ltd", "Zelmorak S.L.U."),
        ("Zelmorak Ltd", "Zelmorak S.A.C."),
        ("Zelmorak Ltd", "Zelmorak G.K."),
        ("Zelmorak Ltd", "FGUP Zelmorak"),
        ("Zelmorak Ltd", "AKB Zelmorak"),
        ("Zelmorak Ltd", "Messrs Zelmorak"),
        ("Zelmorak Ltd", "Zelmorak Est."),
    ];
    class("F9", found(Organisation, 0.95, &rows));
}

#[test]
fn words_of_business_agree_with_their_abbreviations() {
    let rows = [
        ("Guangzhou Haige Communication Group Co., Ltd.", "GUANGZHOU HAIGE COMM GRP"),
        ("Shanghai Micro Electronics Equipment Group Co., Ltd.", "SHANGHAI MICRO ELEC EQUIP GRP"),
        ("Shahid Bakeri Industrial Group", "SHAHID BAKERI INDL GRP"),
        ("Korea Mining Development Trading Corporation", "KOREA MINING DEV TRDG CORP"),
        ("Yunnan Construction and Investment Holding Group", "YUNNAN CONSTR & INVMT HLDG GRP"),
        ("Scientific Studies and Research Center", "SCI STUDIES & RESEARCH CTR"),
        ("Zeta Shipping Ltd", "ZETA SHPG LTD"),
    ];
    class("F10", found(Organisation, 0.85, &rows));
}

#[test]
fn short_names_and_acronyms_agree_letter_for_letter_or_not_at_all() {
    let rows = [
        ("Al Qaïda au Maghreb islamique (AQMI)", "ACME CORP"),
        ("Al Qaïda au Maghreb islamique (AQMI)", "ACMI Inc"),
        ("LPK", "LPG Ltd"),
        ("SAFETY EQUIPMENT PROCUREMENT (SEP)", "SAP SE"),
        ("CPMIEC", "KPMG"),
        ("PIDMCO", "PIMCO"),
        ("KKCMTSH", "QMS Ltd"),
        ("PKK", "BKK Ltd"),
        ("MUJAHIDIN INDONESIAN TIMUR (MIT)", "MUT Ltd"),
        ("BENA", "BNE Ltd"),
    ];
    class("F11", strangers(Organisation, &rows));
}

#[test]
fn initials_agree_however_they_are_parted() {
    let rows = [
        ("ABC Trading", "A-B-C Trading"),
        ("KLM Airlines", "K L M Airlines"),
        ("MTN Group", "M T N Group"),
        ("A-B-C Metals", "ABC Metals"),
    ];
    class("F19", found(Organisation, 0.95, &rows));
}

#[test]
fn a_name_of_one_word_said_twice_is_a_name() {
    let rows = [
        ("Bora Bora Shipping", "Shipping"),
        ("Duran Duran Services", "Services Ltd"),
        ("Koko Koko Bank", "Bank"),
        ("G & G Logistics", "T & T Logistics"),
        ("K & K Metals", "Z & Z Metals"),
        ("K & K Import Export", "G & G Import Export"),
    ];
    class("F27", strangers(Organisation, &rows));
}
