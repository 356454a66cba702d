//! Scripts, look-alike letters, characters of one name in two writings.

use verinym_screening::Kind::{Organisation, Person};

use super::{class, found};

#[test]
fn simplified_and_traditional_characters_agree() {
    let mut rows = found(Person, 0.95, &[("陈全国", "陳全國"), ("張又俠", "张又侠"), ("叶剑英", "葉劍英")]);
    rows.extend(found(Organisation, 0.95, &[("中國電子科技集團公司", "中国电子科技集团公司")]));
    class("F7", rows);
}

#[test]
fn letters_that_look_like_others_are_read_by_their_shape() {
    let mut rows = found(
        Person,
        0.95,
        &[
            ("Hassan Rouhani", "Наѕѕаn Rоuhаnі"),
            ("Hasan Hashemi", "Наѕаn Наѕhеmі"),
            ("Nicolas Maduro", "Nісоlаѕ Маdurо"),
            ("Hasan Hashemi", "НАSАN НАSНЕМI"),
            ("Catherine Dupont", "САТНЕRINЕ DUРОNТ"),
            ("Hasan Hashemi", "ΗΑSΑΝ ΗΑSΗΕΜΙ"),
            ("Vladimir Putin", "PUTlN VLADlMlR"),
            ("Ilya Belkin", "lLYA BELKlN"),
            ("Vladimir Putin", "V.l.a.d.i.m.i.r P.u.t.i.n"),
            ("Vladimir Putin", "Vla\u{115f}dimir Putin"),
            ("Catherine Dupont", "Саthеrіnе Duроnt"),
            ("Bashar Assad", "ВАSНАR АSSАD"),
            ("Nicolas Maduro", "NIСОLАS МАDURО"),
            ("Bashar Assad", "ΒΑSΗΑR ΑSSΑD"),
        ],
    );
    rows.extend(found(
        Organisation,
        0.95,
        &[("Zeta Shipping", "ZЕТА SНIРРING"), ("Northern Harbour Authority", "ΝΟRΤΗΕRΝ ΗΑRΒΟUR ΑUΤΗΟRΙΤΥ")],
    ));
    class("F20", rows);
}

#[test]
fn scripts_are_read_as_their_names_are_written_in_latin_letters() {
    let rows = [
        ("Min Aung Hlaing", "မင်းအောင်လှိုင်"),
        ("Thein Sein", "သိန်းစိန်"),
        ("Prayut Chan-o-cha", "ประยุทธ์ จันทร์โอชา"),
        ("Thongloun Sisoulith", "ທອງລຸນ ສີສຸລິດ"),
        ("Mahinda Rajapaksa", "මහින්ද රාජපක්ෂ"),
        ("Mahinda Rajapaksa", "மகிந்த ராசபக்ச"),
        ("Gurpatwant Singh Pannun", "ਗੁਰਪਤਵੰਤ ਸਿੰਘ ਪੰਨੂ"),
        ("Usama bin Ladin", "ウサマ・ビンラディン"),
        ("Lee Ka-chiu", "李家超"),
        ("Kim Jong Un", "金正恩"),
        ("Deng Xiaoping", "Teng Hsiao-p'ing"),
    ];
    class("F21", found(Person, 0.85, &rows));
}
