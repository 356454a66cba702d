//! Sections of the configuration. The environment of a function contains only the sections that it declares.

use super::VariableReader;
use crate::domain::{password::PasswordPolicy, person::Country};

/// A part of the configuration that only some functions need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    Tokens,
    Accounts,
    Mail,
    Providers,
    Review,
    Screening,
    Social,
    Passkeys,
    Risk,
    Sms,
}

impl Section {
    pub const ALL: [Self; 10] = [
        Self::Tokens,
        Self::Accounts,
        Self::Mail,
        Self::Providers,
        Self::Review,
        Self::Screening,
        Self::Social,
        Self::Passkeys,
        Self::Risk,
        Self::Sms,
    ];

    /// The variables of the section, each with the template parameter that provides its value.
    pub const fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Tokens => &[("ISSUER", "Issuer"), ("AUDIENCE", "Audience"), ("STAFF_MFA", "StaffMfa")],
            Self::Accounts => {
                &[("ENUMERATION_PROTECTION", "EnumerationProtection"), ("PASSWORD_POLICY", "PasswordPolicy")]
            }
            Self::Mail => &[
                ("APP_URL", "AppUrl"),
                ("MAIL_FROM", "MailFrom"),
                ("MAIL_SENDER_NAME", "MailSenderName"),
                ("PRODUCT_NAME", "ProductName"),
                ("SUPPORT_ADDRESS", "SupportAddress"),
                ("MAIL_LOGO_URL", "MailLogoUrl"),
                ("MAIL_COLOR", "MailColor"),
                ("MAIL_TEMPLATES", "MailTemplates"),
            ],
            Self::Providers => &[("SANDBOX_URL", "SandboxUrl")],
            Self::Review => &[("FOUR_EYES", "FourEyes")],
            Self::Screening => {
                &[("SCREENING_THRESHOLD", "ScreeningThreshold"), ("STALE_LISTS_CLEAR_NOBODY", "StaleListsClearNobody")]
            }
            Self::Risk => {
                &[("RISK_POLICY", "RiskPolicy"), ("RISK_NETWORKS", "RiskNetworks"), ("RISK_LOCATIONS", "RiskLocations")]
            }
            Self::Sms => &[("SMS_COUNTRIES", "SmsCountries"), ("SMS_SENDER_ID", "SmsSenderId")],
            Self::Social => &[("REDIRECT_URIS", "RedirectUris")],
            Self::Passkeys => {
                &[("PASSKEY_RP_ID", "PasskeyRpId"), ("APP_URL", "AppUrl"), ("PRODUCT_NAME", "ProductName")]
            }
        }
    }
}

/// Settings of functions that issue or verify access tokens.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// `iss`; by default the public URL.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// Whether people with more than the role `user` need a second factor.
    pub staff_mfa: bool,
}

/// Settings of registration and sign-in.
#[derive(Debug, Clone, Copy)]
pub struct AccountSettings {
    /// Registration responds the same whether or not the address has an account.
    pub enumeration_protection: bool,
    pub password_policy: PasswordPolicy,
}

#[derive(Debug, Clone)]
pub struct MailSettings {
    /// URL of the web application; links in mails are `{app_url}/<page>?token=…`.
    pub app_url: String,
    /// Address of the sender.
    pub from: String,
    /// What mail programs show instead of the address; `None` shows the product.
    pub sender_name: Option<String>,
    pub brand: MailBrand,
    /// Object in the folder `mail` of the bucket of lists, with templates in place of ours.
    pub templates: Option<String>,
}

/// What mails show of the company that sends them.
#[derive(Debug, Clone)]
pub struct MailBrand {
    /// Name of the product or the company.
    pub product: String,
    /// Address of its support; `None` leaves the sentence out.
    pub support: Option<String>,
    /// Picture instead of the product's name.
    pub logo_url: Option<String>,
    /// `#rrggbb`, of buttons and the product's name.
    pub color: String,
}

#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Base URL of the sandbox provider; `None` without a sandbox.
    pub sandbox_url: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct ReviewSettings {
    /// Whether approval at high risk and clearing a sanctions hit need a second reviewer.
    pub four_eyes: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct ScreeningSettings {
    /// The score (0 to 1) from which a listed entity is a hit.
    pub threshold: f64,
    /// Whether a check without hits needs a review while a list is stale or missing.
    pub stale_lists_clear_nobody: bool,
}

/// Settings of sign-in through identity providers. The providers are in a secret.
#[derive(Debug, Clone)]
pub struct SocialLoginSettings {
    /// The addresses of the application to which a browser may return, compared as a whole.
    pub redirect_uris: Vec<String>,
}

/// Settings of passkeys (WebAuthn).
#[derive(Debug, Clone)]
pub struct PasskeySettings {
    /// The domain that passkeys are bound to (RP ID). The applications are on it or below it.
    pub rp_id: String,
    /// The address of the application.
    pub app_url: String,
    /// What authenticators show.
    pub product: String,
}

/// The objects in the folder `risk` of the bucket of lists by which the risk of a sign-in is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RiskSettings {
    /// The policy; `None` is the embedded one.
    pub policy: Option<String>,
    /// The list of networks.
    pub networks: Option<String>,
    /// The location database.
    pub locations: Option<String>,
}

/// Settings of text messages.
#[derive(Debug, Clone)]
pub struct SmsSettings {
    /// The countries whose numbers get text messages. None: no text messages are sent.
    pub countries: Vec<Country>,
    /// What phones show as the sender, in countries that support it.
    pub sender_id: Option<String>,
}

/// The settings of the declared sections; `None` for the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Sections {
    pub tokens: Option<TokenSettings>,
    pub accounts: Option<AccountSettings>,
    pub mail: Option<MailSettings>,
    pub providers: Option<ProviderSettings>,
    pub review: Option<ReviewSettings>,
    pub screening: Option<ScreeningSettings>,
    pub social: Option<SocialLoginSettings>,
    pub passkeys: Option<PasskeySettings>,
    pub risk: Option<RiskSettings>,
    pub sms: Option<SmsSettings>,
}

impl Sections {
    pub fn read(r: &mut VariableReader<'_>, declared: &[Section], public_url: &str) -> Self {
        let mut sections = Self::default();
        for section in declared {
            match section {
                Section::Tokens => {
                    let issuer = r.optional_url("ISSUER").unwrap_or_else(|| public_url.to_owned());
                    let (audience, staff_mfa) = (r.text("AUDIENCE"), r.switch("STAFF_MFA"));
                    sections.tokens = Some(TokenSettings { issuer, audience, staff_mfa });
                }
                Section::Accounts => {
                    sections.accounts = Some(AccountSettings {
                        enumeration_protection: r.switch("ENUMERATION_PROTECTION"),
                        password_policy: r.one_of(
                            "PASSWORD_POLICY",
                            &[("nist", PasswordPolicy::Nist), ("classes", PasswordPolicy::Classes)],
                        ),
                    });
                }
                Section::Mail => {
                    sections.mail = Some(MailSettings {
                        app_url: r.url("APP_URL"),
                        from: r.text("MAIL_FROM"),
                        sender_name: r.optional("MAIL_SENDER_NAME"),
                        brand: MailBrand {
                            product: r.text("PRODUCT_NAME"),
                            support: r.optional("SUPPORT_ADDRESS"),
                            logo_url: r.optional_url("MAIL_LOGO_URL"),
                            color: r.color("MAIL_COLOR"),
                        },
                        templates: r.optional("MAIL_TEMPLATES"),
                    });
                }
                Section::Providers => {
                    sections.providers = Some(ProviderSettings { sandbox_url: r.optional_url("SANDBOX_URL") });
                }
                Section::Review => sections.review = Some(ReviewSettings { four_eyes: r.switch("FOUR_EYES") }),
                Section::Screening => {
                    sections.screening = Some(ScreeningSettings {
                        threshold: r.fraction("SCREENING_THRESHOLD"),
                        stale_lists_clear_nobody: r.switch("STALE_LISTS_CLEAR_NOBODY"),
                    });
                }
                Section::Passkeys => {
                    let app_url = r.url("APP_URL");
                    let rp_id = r.passkey_domain("PASSKEY_RP_ID", &app_url);
                    sections.passkeys = Some(PasskeySettings { rp_id, app_url, product: r.text("PRODUCT_NAME") });
                }
                Section::Risk => {
                    sections.risk = Some(RiskSettings {
                        policy: r.optional("RISK_POLICY"),
                        networks: r.optional("RISK_NETWORKS"),
                        locations: r.optional("RISK_LOCATIONS"),
                    });
                }
                Section::Sms => {
                    sections.sms = Some(SmsSettings {
                        countries: r.countries("SMS_COUNTRIES"),
                        sender_id: r.sender_id("SMS_SENDER_ID"),
                    });
                }
                Section::Social => {
                    sections.social = Some(SocialLoginSettings { redirect_uris: r.redirect_uris("REDIRECT_URIS") });
                }
            }
        }
        sections
    }
}
