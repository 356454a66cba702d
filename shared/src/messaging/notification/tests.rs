use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{templates::DEFAULT_LOCALE, *};
use crate::crypto::random::RandomId;
use crate::domain::{
    event::{Actor, Subject},
    id::{CheckId, EventId},
    notification::TextData,
};

const APP: &str = "https://app.example";
fn brand() -> MailBrand {
    MailBrand {
        product: "Acme & Co".into(),
        support: Some("help@acme.example".into()),
        logo_url: None,
        color: "#1f4fd8".into(),
    }
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn mail_to(name: Option<&str>, notification: Notification, values: &TextValues) -> RenderedMail {
    render_mail(
        Templates::ours(),
        notification,
        Recipient { name, locale: None, app_url: APP, brand: &brand() },
        values,
    )
    .unwrap()
}

fn check_event(kind: EventType, data: serde_json::Value) -> EventRecord {
    let serde_json::Value::Object(data) = data else { panic!("an object") };
    EventRecord {
        id: EventId::new(NOW),
        r#type: kind,
        occurred_at: NOW,
        subject: Subject::new("check", CheckId::new(NOW)),
        version: 4,
        shown_version: None,
        person: None,
        actor: Actor::system("verification"),
        correlation_id: "correlation".into(),
        data,
        changes: vec![],
        session: None,
        origin: None,
    }
}

/// Values of each kind of data, with every branch of a template taken.
fn example(data: TextData) -> TextValues {
    match data {
        TextData::Nothing => TextValues::nothing(),
        TextData::Link(purpose) => TextValues::link(APP, purpose, &SecretText::new("abc.DEF_-".into())),
        TextData::Circumstances => {
            TextValues::circumstances(NOW, Some(&Country::parse("IN").unwrap()), Some("Firefox/128 Windows"))
        }
        TextData::LinkAndCircumstances(purpose) => {
            example(TextData::Link(purpose)).and(example(TextData::Circumstances))
        }
        TextData::Code => TextValues::text_code(&SecretText::new("287082".into()), APP),
        TextData::CodeAndCircumstances => {
            TextValues::code(&SecretText::new("287082".into())).and(example(TextData::Circumstances))
        }
        TextData::Reasons => {
            let data = serde_json::json!({"reasons": ["document_forged", "selfie_needed"]});
            TextValues::reasons(&check_event(EventType::CheckRejected, data))
        }
    }
}

/// The files of each text: `(channel, notification, locale)` and the names.
fn directories() -> BTreeMap<(String, String, String), BTreeSet<String>> {
    let mut directories: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (path, _) in Templates::ours().environment().templates() {
        let parts: Vec<_> = path.split('/').map(str::to_owned).collect();
        let [channel, notification, locale, file] = parts.try_into().expect(path);
        directories.entry((channel, notification, locale)).or_default().insert(file);
    }
    directories
}

#[test]
fn every_notification_has_a_text_for_each_of_its_channels() {
    let directories = directories();
    for notification in Notification::ALL {
        for channel in notification.row().channels {
            let english = (channel.to_string(), notification.to_string(), DEFAULT_LOCALE.to_owned());
            assert!(
                directories.contains_key(&english),
                "templates/{channel}/{notification}/{DEFAULT_LOCALE} is missing"
            );
        }
    }
    for ((channel, notification, locale), files) in &directories {
        let directory = format!("templates/{channel}/{notification}/{locale}");
        let channel: Channel = channel.parse().expect(&directory);
        let expected = match (channel, notification.as_str()) {
            (Channel::Mail, "layout") => ["body.html", "body.txt", "reason.txt"].as_slice(),
            (Channel::Mail, _) => &["body.html", "body.txt", "subject.txt"],
            (Channel::Sms, _) => &["body.txt"],
        };
        assert!(files.iter().eq(expected), "{directory} has {files:?}");
        assert_eq!(Locale::parse(locale).expect(&directory).as_str(), locale, "{directory}");
        if notification != "layout" {
            let notification: Notification = notification.parse().expect(&directory);
            assert!(notification.row().channels.contains(&channel), "{directory} is for a channel that is not used");
        }
    }
}

#[test]
fn templates_use_the_variables_of_their_notification_only() {
    for (path, template) in Templates::ours().environment().templates() {
        let notification = path.split('/').nth(1).unwrap();
        let known: &[&str] = match notification.parse::<Notification>() {
            Ok(notification) => notification.row().text.variables(),
            Err(_) => &["subject", "reason"],
        };
        let known: HashSet<_> = known
            .iter()
            .chain(&["name", "app_url", "product", "support", "logo", "color"])
            .map(|name| (*name).to_owned())
            .collect();
        let unknown: Vec<_> = template.undeclared_variables(false).into_iter().filter(|v| !known.contains(v)).collect();
        assert!(unknown.is_empty(), "{path} uses {unknown:?}");
    }
}

#[test]
fn the_values_of_a_text_are_the_variables_that_its_data_names() {
    for notification in Notification::ALL {
        let data = notification.row().text;
        let values = example(data).0;
        let names: BTreeSet<_> = values.try_iter().unwrap().map(|name| name.to_string()).collect();
        assert_eq!(names, data.variables().iter().map(|name| (*name).to_owned()).collect(), "{notification}");
    }
}

#[test]
fn every_mail_is_complete_in_each_locale_and_loads_nothing() {
    let mails = directories().into_keys().filter(|(channel, name, _)| channel == "mail" && name != "layout");
    for (_, notification, locale) in mails {
        let notification: Notification = notification.parse().unwrap();
        let locale = Locale::parse(&locale).unwrap();
        let brand = brand();
        let to = Recipient { name: Some("Ada"), locale: Some(&locale), app_url: APP, brand: &brand };
        let mail = render_mail(Templates::ours(), notification, to, &example(notification.row().text)).unwrap();
        assert!(!mail.subject.is_empty() && !mail.subject.contains('\n'), "{notification}");
        assert!(mail.html.starts_with("<!doctype html>") && mail.html.trim_end().ends_with("</html>"));
        assert!(mail.html.contains(&format!("<title>{}</title>", mail.subject)));
        assert!(mail.html.contains(&format!("<html lang=\"{}\">", locale.as_str())));
        for remote in ["<img", "<script", "<link", "@import", "url("] {
            assert!(!mail.html.contains(remote), "{remote} in {}", mail.subject);
        }
        assert!(mail.text.contains("Ada") && mail.html.contains("Ada"), "{}", mail.text);
        assert!(!mail.text.contains("\n\n\n"), "{}", mail.text);
    }
}

#[test]
fn a_locale_without_a_text_falls_back_to_english() {
    let directory = |tag: &str| {
        Templates::ours().directory(Channel::Mail, Notification::EmailVerified, Some(&Locale::parse(tag).unwrap()))
    };
    assert_eq!(directory("en-GB"), "mail/email_verified/en");
    assert_eq!(directory("tlh-Latn-001"), "mail/email_verified/en");
}

#[test]
fn both_bodies_have_the_link_and_its_lifetime() {
    let values = |notification: Notification| example(notification.row().text);
    let mail = mail_to(Some("Ada"), Notification::EmailVerification, &values(Notification::EmailVerification));
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("https://app.example/verify-email?token=abc.DEF_-"), "{part}");
        assert!(part.contains("24 hours") && part.contains("Hello Ada,"), "{part}");
    }
    let mail = mail_to(None, Notification::PasswordResetRequested, &values(Notification::PasswordResetRequested));
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("https://app.example/reset-password?token=abc.DEF_-"), "{part}");
        assert!(part.contains("1 hour.") && part.contains("Hello,"), "{part}");
    }
}

#[test]
fn security_notifications_state_time_and_device_of_the_event() {
    let mail = mail_to(None, Notification::PasswordChanged, &example(TextData::Circumstances));
    for part in [&mail.text, &mail.html] {
        for shown in ["2026-03-01 09:30 UTC (2026-03-01 15:00 IST)", "Device: Firefox, Windows"] {
            assert!(part.contains(shown), "{shown} in {part}");
        }
    }
    // A country with several zones, and a caller without a known device.
    let values = TextValues::circumstances(NOW, Some(&Country::parse("US").unwrap()), Some("curl/8"));
    let mail = mail_to(None, Notification::PasswordChanged, &values);
    assert!(mail.text.contains("When: 2026-03-01 09:30 UTC\n\n"), "{}", mail.text);
}

#[test]
fn a_name_cannot_become_markup() {
    let name = "<img src=x onerror=alert(1)> \"& co";
    let mail = mail_to(Some(name), Notification::EmailVerified, &TextValues::nothing());
    assert!(!mail.html.contains("<img") && mail.html.contains("&lt;img"), "{}", mail.html);
    assert!(mail.text.contains("<img src=x"), "plain text needs no escapes");
}

#[test]
fn applicants_get_public_reasons_only() {
    let text = |notification, kind, reasons: &[&str]| {
        let event = check_event(kind, serde_json::json!({"reasons": reasons}));
        mail_to(None, notification, &TextValues::reasons(&event)).text
    };
    let rejected = |reasons: &[&str]| text(Notification::CheckRejected, EventType::CheckRejected, reasons);
    let forged = Reason::from(ReasonCode::DocumentForged).message;
    let mail = rejected(&["sanctions_match", "document_forged", "never heard of"]);
    assert!(mail.contains(&format!("- {forged}\n")) && mail.matches("\n- ").count() == 1, "{mail}");

    // All reasons are internal: the general one is shown.
    let mail = rejected(&["sanctions_match"]);
    assert!(mail.contains(&Reason::from(ReasonCode::VerificationFailed).message), "{mail}");
    for word in ["sanction", "review", "risk", "provider"] {
        assert!(!mail.to_lowercase().contains(word), "{word} in {mail}");
    }

    let needed = |reasons: &[&str]| text(Notification::CheckActionNeeded, EventType::CheckActionNeeded, reasons);
    let mail = needed(&["proof_of_address_needed", "high_risk"]);
    assert!(mail.contains("- Please upload a proof of your address.\n"), "{mail}");
    assert!(!mail.contains("risk"));
}

#[test]
fn every_country_of_the_zone_table_has_a_local_time() {
    assert!(zones::ZONES.is_sorted_by_key(|(country, _)| *country));
    for (country, zone) in zones::ZONES {
        assert!(local_time(NOW, &Country::parse(country).unwrap()).is_some(), "{country} {zone}");
    }
}

#[test]
fn every_text_exists_in_english_german_and_hindi() {
    let directories = directories();
    for notification in Notification::ALL {
        let channels = notification.row().channels.iter();
        for (channel, locale) in channels.flat_map(|channel| ["en", "de", "hi"].map(|locale| (channel, locale))) {
            let text = (channel.to_string(), notification.to_string(), locale.to_owned());
            assert!(directories.contains_key(&text), "{text:?}");
        }
    }
}

/// 160 letters of GSM 03.38, or 70 of UCS-2, are one part; each part is charged.
#[test]
fn a_text_message_has_the_code_for_its_app_and_at_most_three_parts() {
    for (channel, notification, locale) in directories().into_keys().filter(|(channel, ..)| channel == "sms") {
        assert_eq!(channel, "sms");
        let notification: Notification = notification.parse().unwrap();
        let locale = Locale::parse(&locale).unwrap();
        let brand = brand();
        let to = Recipient { name: Some("Ada"), locale: Some(&locale), app_url: APP, brand: &brand };
        let text = render_text_message(notification, to, &example(TextData::Code)).unwrap();
        assert!(text.ends_with("\n@app.example #287082") && text.contains("Acme & Co"), "{text}");
        assert!(!text.contains("Ada"), "a message to a number that somebody typed has no name: {text}");
        let limit = if text.is_ascii() { 160 } else { 201 };
        assert!(text.encode_utf16().count() <= limit, "{} in {text}", text.encode_utf16().count());
    }
}

#[test]
fn public_reasons_are_translated() {
    for locale in ["de", "hi"] {
        let template =
            Templates::ours().environment().get_template(&format!("mail/layout/{locale}/reason.txt")).unwrap();
        for code in ReasonCode::ALL.iter().filter(|code| code.is_public()) {
            let reason = context! { code => code.as_str(), message => code.message() };
            let told = template.render(context! { reason }).unwrap();
            assert!(!told.is_empty() && told != code.message() && !told.contains('\n'), "{locale} {code}: {told:?}");
        }
    }
}

#[test]
fn a_rejection_says_whether_a_new_check_makes_sense() {
    let mail = |reasons: &[&str]| {
        let event = check_event(EventType::CheckRejected, serde_json::json!({"reasons": reasons}));
        mail_to(None, Notification::CheckRejected, &TextValues::reasons(&event))
    };
    let mended = mail(&["document_unreadable", "name_mismatch"]);
    for part in [mended.text, mended.html] {
        assert!(part.contains("start a new check once") && !part.contains("same result"), "{part}");
    }
    for reasons in [["document_forged", "name_mismatch"], ["sanctions_match", "high_risk"]] {
        let mail = mail(&reasons);
        for part in [mail.text, mail.html] {
            assert!(part.contains("same result") && part.contains("help@acme.example"), "{part}");
        }
    }
}

#[test]
fn mails_show_the_brand_of_the_deployment() {
    let mail = mail_to(None, Notification::CheckApproved, &TextValues::nothing());
    assert!(mail.text.contains("Acme & Co (https://app.example)") && mail.text.contains("help@acme.example"));
    assert!(mail.html.contains("Acme &amp; Co") && mail.html.contains("background:#1f4fd8"), "{}", mail.html);

    let brand = MailBrand { logo_url: Some("https://acme.example/logo.png".into()), support: None, ..brand() };
    let to = Recipient { name: None, locale: None, app_url: APP, brand: &brand };
    let mail = render_mail(Templates::ours(), Notification::CheckApproved, to, &TextValues::nothing()).unwrap();
    assert_eq!(mail.html.matches("<img").count(), 1);
    assert!(!mail.text.contains("Questions?"), "{}", mail.text);
}
