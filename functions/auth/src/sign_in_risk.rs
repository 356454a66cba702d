//! The risk of a sign-in: what is known of its circumstances, and the decision on it.

use std::{net::IpAddr, time::Duration};

use verinym::{
    domain::{
        id::UserId,
        risk::{Attempt, Place, Proof, RiskDecision, SignInHistory, familiar_network},
        time::Timestamp,
    },
    error::Result,
    http::Call,
    risk::RiskRules,
    store::{
        person_key::PersonKey,
        secrets::IndexSecrets,
        session::{SignInTrace, SignIns},
        user::Account,
    },
};

use crate::sign_in_device::{BeforeSignIn, NamedDevice, standing};

/// How long a new password opens the account after a refusal: the sign-in is not refused again, and at most asks for more.
const OPENED_BY_NEW_PASSWORD: Duration = Duration::from_hours(24);

/// What is known of a sign-in before it is known whose it is.
#[derive(Debug)]
pub struct Circumstances {
    rules: RiskRules,
    address: Option<IpAddr>,
    place: Option<Place>,
    listed: Option<bool>,
    network_failures: Option<u32>,
}

impl Circumstances {
    /// One round trip. What cannot be read is absent: no sign-in fails for it.
    pub async fn of<A>(call: &Call<A>) -> Result<Self> {
        let (rules, network_failures) = tokio::join!(call.app.risk_rules(), call.wrong_passwords_of_network());
        let (rules, address) = (rules?, call.meta.address());
        Ok(Self {
            place: rules.location.as_ref().zip(address).and_then(|(places, address)| places.place(address)),
            listed: rules.networks.as_ref().zip(address).map(|(networks, address)| networks.contains(address)),
            address,
            network_failures,
            rules,
        })
    }
}

/// A sign-in of a known person.
#[derive(Debug, Clone, Copy)]
pub struct SignInOf<'a> {
    pub circumstances: &'a Circumstances,
    pub auth: &'a Account,
    pub key: &'a PersonKey,
    /// The device that it names.
    pub device: Option<&'a NamedDevice>,
    pub by_password: bool,
    pub proof: Proof,
    /// Wrong passwords for the account lately.
    pub account_failures: u32,
}

/// The decision on a sign-in, and the history of its person after it.
#[derive(Debug)]
pub struct Assessment {
    pub decision: RiskDecision,
    history: SignInHistory,
}

impl SignInOf<'_> {
    /// Decides by what was read of the person's sign-ins before.
    pub fn assess(&self, before: &BeforeSignIn, indexes: &IndexSecrets, now: Timestamp) -> Assessment {
        let Self { circumstances, auth, key, .. } = *self;
        let changed_at = auth.password_changed_at.filter(|_| self.by_password);
        let attempt = Attempt {
            at: now,
            proof: proof(self.proof, auth, &before.sign_ins, now),
            device: standing(self.device, before, auth, now),
            network: circumstances.address.map(|address| network_digest(indexes, &auth.user, address)),
            place: circumstances.place.clone(),
            listed: circumstances.listed,
            account_failures: self.account_failures,
            network_failures: circumstances.network_failures,
            password_since: changed_at.or_else(|| self.by_password.then_some(auth.created_at)),
            password_changed_at: changed_at,
        };
        let (history, policy) = (before.sign_ins.history(&auth.user, key), &circumstances.rules.policy);
        let decision = policy.decide(&history.observe(&attempt, policy));
        Assessment { decision, history: history.after(&attempt) }
    }
}

impl Assessment {
    /// What the session that begins leaves behind.
    pub fn trace(&self, user: &UserId, key: &PersonKey) -> Result<SignInTrace> {
        SignInTrace::seal(user, &self.decision, &self.history, key)
    }
}

/// What was proved. Whoever set another password after a refusal read the mailbox, or was signed in: nobody is refused for good.
fn proof(proof: Proof, auth: &Account, before: &SignIns, now: Timestamp) -> Proof {
    let opened = auth
        .password_changed_at
        .zip(before.refused_at())
        .is_some_and(|(changed, refused)| changed > refused && now.since(changed) < OPENED_BY_NEW_PASSWORD);
    if proof == Proof::FirstFactor && opened { Proof::Mailbox } else { proof }
}

/// A digest that holds for one person only. 80 bits are plenty among some dozens of networks.
fn network_digest(indexes: &IndexSecrets, user: &UserId, address: IpAddr) -> String {
    let network = familiar_network(address);
    let digest = indexes.digest(&[b"network of a sign-in", user.to_string().as_bytes(), network.as_bytes()]);
    digest.chars().take(16).collect()
}
