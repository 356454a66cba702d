//! Sections of the configuration: a function reads, and finds in its environment, only those that it declares.

use super::Reader;
use crate::domain::password::PasswordPolicy;

/// A part of the configuration that not every function needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Tokens,
    Accounts,
    Mail,
    Providers,
    Review,
    Screening,
}

impl Section {
    pub const ALL: [Self; 6] =
        [Self::Tokens, Self::Accounts, Self::Mail, Self::Providers, Self::Review, Self::Screening];

    /// Its variables, each with the template's parameter that fills it.
    pub const fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Tokens => &[("ISSUER", "Issuer"), ("AUDIENCE", "Audience")],
            Self::Accounts => {
                &[("ENUMERATION_PROTECTION", "EnumerationProtection"), ("PASSWORD_POLICY", "PasswordPolicy")]
            }
            Self::Mail => &[("APP_URL", "AppUrl"), ("MAIL_FROM", "MailFrom")],
            Self::Providers => &[("SANDBOX_URL", "SandboxUrl")],
            Self::Review => &[("FOUR_EYES", "FourEyes")],
            Self::Screening => {
                &[("SCREENING_THRESHOLD", "ScreeningThreshold"), ("STALE_LISTS_CLEAR_NOBODY", "StaleListsClearNobody")]
            }
        }
    }
}

/// Of functions that issue or check access tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// `iss`; the public URL unless the deployment sets another.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
}

/// How accounts are opened and protected.
#[derive(Debug, Clone, Copy)]
pub struct Accounts {
    /// Register answers the same whether the address is taken or not.
    pub enumeration_protection: bool,
    pub password_policy: PasswordPolicy,
}

#[derive(Debug, Clone)]
pub struct Mail {
    /// The company's own front end; links in mails are `{app_url}/<page>?token=…`.
    pub app_url: String,
    /// The sender.
    pub from: String,
}

#[derive(Debug, Clone)]
pub struct Providers {
    /// Base URL of the sandbox provider; `None` where there is none.
    pub sandbox_url: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct Review {
    /// High risk, and clearing a sanctions hit, need a second reviewer.
    pub four_eyes: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Screening {
    /// A listed entity that scores at least this against the person of a check is a hit (0 to 1).
    pub threshold: f64,
    /// While a list is older than it may be, or missing, finding nothing clears nobody.
    pub stale_lists_clear_nobody: bool,
}

/// The sections that a function declared; a section that it did not declare is `None`.
#[derive(Debug, Clone, Default)]
pub(super) struct Sections {
    pub tokens: Option<Tokens>,
    pub accounts: Option<Accounts>,
    pub mail: Option<Mail>,
    pub providers: Option<Providers>,
    pub review: Option<Review>,
    pub screening: Option<Screening>,
}

impl Sections {
    pub fn read(r: &mut Reader<'_>, declared: &[Section], public_url: &str) -> Self {
        let mut sections = Self::default();
        for section in declared {
            match section {
                Section::Tokens => {
                    let issuer = r.optional_url("ISSUER").unwrap_or_else(|| public_url.to_owned());
                    sections.tokens = Some(Tokens { issuer, audience: r.text("AUDIENCE") });
                }
                Section::Accounts => {
                    sections.accounts = Some(Accounts {
                        enumeration_protection: r.switch("ENUMERATION_PROTECTION"),
                        password_policy: r.one_of(
                            "PASSWORD_POLICY",
                            &[("nist", PasswordPolicy::Nist), ("classes", PasswordPolicy::Classes)],
                        ),
                    });
                }
                Section::Mail => {
                    sections.mail = Some(Mail { app_url: r.url("APP_URL"), from: r.text("MAIL_FROM") });
                }
                Section::Providers => {
                    sections.providers = Some(Providers { sandbox_url: r.optional_url("SANDBOX_URL") });
                }
                Section::Review => sections.review = Some(Review { four_eyes: r.switch("FOUR_EYES") }),
                Section::Screening => {
                    sections.screening = Some(Screening {
                        threshold: r.share("SCREENING_THRESHOLD"),
                        stale_lists_clear_nobody: r.switch("STALE_LISTS_CLEAR_NOBODY"),
                    });
                }
            }
        }
        sections
    }
}
