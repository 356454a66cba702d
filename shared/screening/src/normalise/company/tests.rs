use super::super::form;
use super::super::{Reading, second_names::alternatives};
use super::*;

fn essence(name: &str) -> String {
    let tokens = form(name, Reading::Organisation).tokens;
    tokens.iter().filter(|t| t.kind != TokenKind::Legal).map(|t| t.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn forms_are_told_from_names() {
    for (name, expected) in [
        ("Open Joint Stock Company Polyus", "polyus"),
        ("Polyus OAO", "polyus"),
        ("Polyus Joint Stock Compan", "polyus"),
        ("Muster Joynt Stock Company", "muster"),
        ("Comercial Sol, S.A. de C.V.", "comercial sol"),
        ("Estrella S.A.", "estrella"),
        ("PT Garuda Biru", "garuda biru"),
        ("Sharp Pvt. Ltd.", "sharp"),
        ("Limited", "limited"),
        ("SA Tours India", "tours india"),
        ("Zeta (Hong Kong) Ltd", "zeta hongkong"),
        ("M/V Blue Wave", "blue wave"),
        ("MT Blue Wave", "blue wave"),
        ("Muster Anonim Ortaklığı", "muster"),
    ] {
        assert_eq!(essence(name), expected, "{name}");
    }
}

#[test]
fn acronyms_in_brackets() {
    assert_eq!(alternatives("Northern Army Council (NAC)", Reading::Organisation).len(), 3);
    assert_eq!(alternatives("Bank of Somewhere (London)", Reading::Organisation).len(), 1);
    assert_eq!(alternatives("Bank of Somewhere (UAE)", Reading::Organisation).len(), 1);
    assert_eq!(alternatives("Somewhere Mining Trading Corporation (SOMIT)", Reading::Organisation).len(), 3);
}
