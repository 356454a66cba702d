//! The templates of notifications: ours, and those that a deployment puts in their place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use minijinja::UndefinedBehavior;

use super::{Recipient, TextValues, render_mail};
use crate::{
    config::MailBrand,
    domain::{
        notification::{Channel, Notification, TextData},
        person::Locale,
        secret::SecretText,
    },
};

/// The locale of the texts that every notification has.
pub(super) const DEFAULT_LOCALE: &str = "en";

/// The files of a text, and of the layout that the bodies share.
const TEXT_FILES: &[&str] = &["subject.txt", "body.txt", "body.html"];
const LAYOUT_FILES: &[&str] = &["body.txt", "body.html", "reason.txt"];
const LAYOUT: &str = "layout";

/// The templates of all notifications, compiled.
#[derive(Debug, Clone)]
pub struct Templates(minijinja::Environment<'static>);

/// Why the templates of a deployment are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct TemplateFault {
    /// As in the object of the deployment.
    pub path: String,
    pub fault: String,
}

/// Our own, compiled at their first use in a process.
static OURS: LazyLock<Templates> = LazyLock::new(|| {
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    #[expect(clippy::expect_used, reason = "a template that does not parse fails the tests")]
    {
        minijinja_embed::load_templates!(environment);
    }
    Templates(environment)
});

impl Templates {
    pub fn ours() -> &'static Self {
        &OURS
    }

    /// Our templates, with the files of a deployment in place of ours or beside them. The keys are paths such as
    /// `check_approved/en/subject.txt` and `layout/en/body.html`.
    ///
    /// # Errors
    /// The first file that has no place, does not parse, or does not render with every kind of values, and the first text that lacks a
    /// file. A mail with a link must show it in both bodies.
    pub fn with_files(files: BTreeMap<String, String>) -> Result<Self, TemplateFault> {
        let mut environment = OURS.0.clone();
        let mut changed = BTreeSet::new();
        for (path, source) in files {
            let fault = |fault: String| TemplateFault { path: path.clone(), fault };
            let (text, locale) = place(&path).ok_or_else(|| fault("no text has such a file".to_owned()))?;
            environment.add_template_owned(format!("mail/{path}"), source).map_err(|error| fault(error.to_string()))?;
            changed.insert((text, locale));
        }
        let templates = Self(environment);
        for (text, locale) in changed {
            templates.check_files(&text, &locale)?;
        }
        templates.check_texts()?;
        Ok(templates)
    }

    fn check_files(&self, text: &str, locale: &str) -> Result<(), TemplateFault> {
        let files = if text == LAYOUT { LAYOUT_FILES } else { TEXT_FILES };
        let missing =
            files.iter().map(|file| format!("{text}/{locale}/{file}")).find(|path| !self.has(&format!("mail/{path}")));
        missing.map_or(Ok(()), |path| Err(TemplateFault { path, fault: "the file is missing".to_owned() }))
    }

    /// Renders every text with every kind of values.
    fn check_texts(&self) -> Result<(), TemplateFault> {
        let mut texts: BTreeSet<(Notification, &str)> = BTreeSet::new();
        for (path, _) in self.0.templates() {
            let parts: Vec<_> = path.split('/').collect();
            if let ["mail", text, locale, _] = parts[..]
                && let Ok(notification) = text.parse()
            {
                texts.insert((notification, locale));
            }
        }
        for (notification, locale) in texts {
            for values in samples(notification.row().text) {
                self.check_text(notification, locale, &values)
                    .map_err(|fault| TemplateFault { path: format!("{notification}/{locale}"), fault })?;
            }
        }
        Ok(())
    }

    fn check_text(&self, notification: Notification, locale: &str, values: &TextValues) -> Result<(), String> {
        let locale = Locale::parse(locale).map_err(|fault| fault.to_string())?;
        let brands = [(None, None), (Some("help@example.org"), Some("https://example.org/logo.png"))];
        for ((support, logo_url), name) in brands.into_iter().zip([None, Some("Ada")]) {
            let brand = MailBrand {
                product: "Product".to_owned(),
                support: support.map(str::to_owned),
                logo_url: logo_url.map(str::to_owned),
                color: "#1f4fd8".to_owned(),
            };
            let recipient = Recipient { name, locale: Some(&locale), app_url: SAMPLE_APP, brand: &brand };
            let mail = render_mail(self, notification, recipient, values).map_err(|error| error.to_string())?;
            if mail.subject.trim().is_empty() || mail.subject.contains(['\n', '\r']) {
                return Err("the subject is not one line".to_owned());
            }
            let has_link = matches!(notification.row().text, TextData::Link(_) | TextData::LinkAndCircumstances(_));
            if has_link && !(mail.text.contains(SAMPLE_TOKEN) && mail.html.contains(SAMPLE_TOKEN)) {
                return Err("a body does not show the link".to_owned());
            }
            let has_code = notification.row().text == TextData::CodeAndCircumstances;
            if has_code && !(mail.text.contains(SAMPLE_CODE) && mail.html.contains(SAMPLE_CODE)) {
                return Err("a body does not show the code".to_owned());
            }
        }
        Ok(())
    }

    fn has(&self, path: &str) -> bool {
        self.0.get_template(path).is_ok()
    }

    pub(super) fn render(&self, path: &str, values: &minijinja::Value) -> Result<String, minijinja::Error> {
        self.0.get_template(path)?.render(values)
    }

    /// The paths of all templates.
    #[cfg(test)]
    pub(super) fn environment(&self) -> &minijinja::Environment<'static> {
        &self.0
    }

    /// The directory with the text for a locale: the one of the locale or of a less specific one (`de-CH`, `de`), else English.
    pub(super) fn directory(&self, channel: Channel, notification: Notification, locale: Option<&Locale>) -> String {
        let directory = |locale: &str| format!("{channel}/{notification}/{locale}");
        let mut tag = locale.map_or("", Locale::as_str);
        while !tag.is_empty() {
            let candidate = directory(tag);
            if self.has(&format!("{candidate}/body.txt")) {
                return candidate;
            }
            tag = tag.rsplit_once('-').map_or("", |(shorter, _)| shorter);
        }
        directory(DEFAULT_LOCALE)
    }
}

/// The text and the locale that a file of a deployment belongs to; `None` if no text has such a file.
fn place(path: &str) -> Option<(String, String)> {
    let parts: Vec<_> = path.split('/').collect();
    let [text, locale, file] = parts[..] else { return None };
    let files = if text == LAYOUT {
        LAYOUT_FILES
    } else {
        let notification = text.parse::<Notification>().ok()?;
        notification.row().channels.contains(&Channel::Mail).then_some(TEXT_FILES)?
    };
    let is_canonical = Locale::parse(locale).is_ok_and(|parsed| parsed.as_str() == locale);
    (is_canonical && files.contains(&file)).then(|| (text.to_owned(), locale.to_owned()))
}

const SAMPLE_APP: &str = "https://app.example";
const SAMPLE_TOKEN: &str = "sample.TOKEN_-";
const SAMPLE_CODE: &str = "287082";

/// Values of each kind that a text can get.
fn samples(data: TextData) -> Vec<TextValues> {
    use crate::domain::{check::ReasonCode, person::Country, time::Timestamp};
    let at = Timestamp::from_unix_seconds(1_772_357_400);
    match data {
        TextData::Nothing => vec![TextValues::nothing()],
        TextData::Link(purpose) => {
            vec![TextValues::link(SAMPLE_APP, purpose, &SecretText::new(SAMPLE_TOKEN.to_owned()))]
        }
        TextData::Circumstances => vec![
            TextValues::circumstances(at, None, None),
            TextValues::circumstances(at, Country::parse("IN").ok().as_ref(), Some("Firefox/128 Windows")),
        ],
        TextData::LinkAndCircumstances(purpose) => samples(TextData::Circumstances)
            .into_iter()
            .map(|at| TextValues::link(SAMPLE_APP, purpose, &SecretText::new(SAMPLE_TOKEN.to_owned())).and(at))
            .collect(),
        TextData::Code => vec![TextValues::text_code(&SecretText::new(SAMPLE_CODE.to_owned()), SAMPLE_APP)],
        TextData::CodeAndCircumstances => {
            let code = SecretText::new(SAMPLE_CODE.to_owned());
            samples(TextData::Circumstances).into_iter().map(|at| TextValues::code(&code).and(at)).collect()
        }
        TextData::Reasons => vec![
            TextValues::of_reasons(&[], false),
            TextValues::of_reasons(&[ReasonCode::DocumentForged], true),
            TextValues::of_reasons(&[ReasonCode::DocumentUnreadable, ReasonCode::NameMismatch], true),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(files: &[(&str, &str)]) -> Result<Templates, TemplateFault> {
        Templates::with_files(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn approved(templates: &Templates, locale: &str) -> super::super::RenderedMail {
        let brand = MailBrand { product: "Acme".into(), support: None, logo_url: None, color: "#1f4fd8".into() };
        let locale = Locale::parse(locale).unwrap();
        let to = Recipient { name: Some("Ada"), locale: Some(&locale), app_url: SAMPLE_APP, brand: &brand };
        render_mail(templates, Notification::CheckApproved, to, &TextValues::nothing()).unwrap()
    }

    #[test]
    fn a_file_of_the_deployment_replaces_ours_and_the_others_stay() {
        let templates = with(&[("check_approved/en/subject.txt", "{{ product }} knows you")]).unwrap();
        let mail = approved(&templates, "en");
        assert_eq!(mail.subject, "Acme knows you");
        assert!(mail.text.contains("Hello Ada") && mail.html.contains("<title>Acme knows you</title>"));
        assert_eq!(approved(&templates, "de").subject, approved(Templates::ours(), "de").subject);
    }

    #[test]
    fn a_further_language_is_a_further_directory() {
        let french = [
            ("check_approved/fr/subject.txt", "Identité vérifiée"),
            ("check_approved/fr/body.txt", "Bonjour {{ name }}"),
            ("check_approved/fr/body.html", "<p>Bonjour {{ name }}</p>"),
        ];
        let mail = approved(&with(&french).unwrap(), "fr-CH");
        assert_eq!((mail.subject.as_str(), mail.html.as_str()), ("Identité vérifiée", "<p>Bonjour Ada</p>"));
        let fault = with(&french[..2]).unwrap_err();
        assert_eq!(fault.path, "check_approved/fr/body.html");
    }

    #[test]
    fn templates_that_cannot_be_used_are_refused() {
        for (path, text, word) in [
            ("check_approved/en/subject.html", "x", "no text"),
            ("check_praised/en/subject.txt", "x", "no text"),
            ("sign_in_text_code/en/subject.txt", "x", "no text"),
            ("check_approved/EN/subject.txt", "x", "no text"),
            ("../check_approved/en/subject.txt", "x", "no text"),
            ("check_approved/en/subject.txt", "{{ product", "syntax error"),
            ("check_approved/en/subject.txt", "{{ link }}", "undefined"),
            ("check_approved/en/subject.txt", "one\ntwo", "one line"),
            ("check_approved/en/subject.txt", " ", "one line"),
            ("check_rejected/en/body.txt", "{% for reason in reasons %}{{ reason.story }}{% endfor %}", "undefined"),
            ("password_reset_requested/en/body.html", "<p>No link</p>", "link"),
            ("sign_in_code/en/body.txt", "No code", "code"),
            ("layout/en/body.html", "{% extends \"mail/layout/xx/body.html\" %}", "xx"),
        ] {
            let fault = with(&[(path, text)]).unwrap_err().to_string();
            assert!(fault.contains(word), "{path}: {fault}");
        }
    }
}
