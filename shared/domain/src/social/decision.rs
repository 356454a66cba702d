//! Which account a proven identity signs in to.

use super::SocialError;
use crate::id::UserId;

/// The account that holds the address for which the provider vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressHolder {
    pub user: UserId,
    /// Whether the holder has proved that the address is theirs, or staff or a machine client vouched for it.
    pub confirmed: bool,
    /// The account had the address before, and can have it back for a while: nobody else gets it meanwhile.
    pub former: bool,
}

/// What follows from a proven identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDecision {
    /// It is linked to this account already.
    SignIn(UserId),
    /// It is linked to this account now.
    Link(UserId),
    /// A new account gets the address. Whoever registered it before without confirming it may be a stranger, so the new account
    /// takes over nothing of theirs.
    Create { replaces: Option<UserId> },
}

/// Decides by what is known of the identity. `linked`: the account that it is linked to. `holder`: the account with the address
/// that the provider vouches for; `vouched` is whether there is such an address. `asker`: the signed-in person who wants to link it.
///
/// Without a vouched address the refusal is the same whether or not an account has the address, so it reveals nothing.
pub fn decide(
    vouched: bool,
    linked: Option<UserId>,
    holder: Option<AddressHolder>,
    asker: Option<UserId>,
) -> Result<LinkDecision, SocialError> {
    match (asker, linked) {
        (Some(asker), Some(user)) if asker != user => Err(SocialError::LinkedElsewhere),
        (_, Some(user)) => Ok(LinkDecision::SignIn(user)),
        (Some(asker), None) => Ok(LinkDecision::Link(asker)),
        (None, None) if !vouched => Err(SocialError::LinkRequired),
        (None, None) => match holder {
            Some(holder) if holder.former => Err(SocialError::LinkRequired),
            Some(holder) if holder.confirmed => Ok(LinkDecision::Link(holder.user)),
            unconfirmed => Ok(LinkDecision::Create { replaces: unconfirmed.map(|holder| holder.user) }),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    fn user(n: u8) -> UserId {
        UserId::from_parts(Timestamp::from_unix_millis(1), [n; 10])
    }

    fn anyone() -> impl Strategy<Value = Option<UserId>> {
        proptest::option::of((1..4_u8).prop_map(user))
    }

    fn holders() -> impl Strategy<Value = Option<AddressHolder>> {
        proptest::option::of((1..4_u8, any::<bool>()).prop_map(|(n, confirmed)| AddressHolder {
            user: user(n),
            confirmed,
            former: false,
        }))
    }

    #[test]
    fn a_former_address_of_another_account_signs_in_to_none_and_makes_none() {
        for confirmed in [false, true] {
            let holder = AddressHolder { user: user(1), confirmed, former: true };
            assert_eq!(decide(true, None, Some(holder), None), Err(SocialError::LinkRequired));
            assert_eq!(decide(true, Some(user(2)), Some(holder), None), Ok(LinkDecision::SignIn(user(2))));
        }
    }

    proptest! {
        /// The class of account takeovers by an address that nobody proved.
        #[test]
        fn an_address_without_a_vouching_provider_never_chooses_an_account(
            linked in anyone(), holder in holders(), asker in anyone()
        ) {
            let without = decide(false, linked, None, asker);
            prop_assert_eq!(decide(false, linked, holder, asker), without);
            if let Ok(decision) = without {
                prop_assert!(linked.is_some() || asker.is_some());
                let is_create = matches!(decision, LinkDecision::Create { .. });
                prop_assert!(!is_create);
            }
        }

        #[test]
        fn an_identity_links_to_a_holder_only_if_both_sides_proved_the_address(
            vouched: bool, linked in anyone(), holder in holders()
        ) {
            if let Ok(LinkDecision::Link(user)) = decide(vouched, linked, holder, None) {
                prop_assert!(vouched);
                prop_assert_eq!(holder, Some(AddressHolder { user, confirmed: true, former: false }));
                prop_assert_eq!(linked, None);
            }
        }

        #[test]
        fn a_linked_identity_signs_in_to_its_account_whatever_address_it_has(
            vouched: bool, linked in 1..4_u8, holder in holders(), asker in anyone()
        ) {
            let linked = user(linked);
            let expected = match asker {
                Some(asker) if asker != linked => Err(SocialError::LinkedElsewhere),
                _ => Ok(LinkDecision::SignIn(linked)),
            };
            prop_assert_eq!(decide(vouched, Some(linked), holder, asker), expected);
        }

        /// A person who asks to link never gets into another account, and nobody else's account gets the identity.
        #[test]
        fn linking_touches_the_asker_s_account_alone(
            vouched: bool, linked in anyone(), holder in holders(), asker in 1..4_u8
        ) {
            let asker = user(asker);
            match decide(vouched, linked, holder, Some(asker)) {
                Ok(LinkDecision::SignIn(user) | LinkDecision::Link(user)) => prop_assert_eq!(user, asker),
                Ok(LinkDecision::Create { .. }) => prop_assert!(false, "linking made an account"),
                Err(refusal) => prop_assert_eq!(refusal, SocialError::LinkedElsewhere),
            }
        }

        #[test]
        fn an_unconfirmed_holder_is_replaced_and_never_signed_in_to(vouched: bool, n in 1..4_u8) {
            let holder = AddressHolder { user: user(n), confirmed: false, former: false };
            let expected = if vouched {
                Ok(LinkDecision::Create { replaces: Some(holder.user) })
            } else {
                Err(SocialError::LinkRequired)
            };
            prop_assert_eq!(decide(vouched, None, Some(holder), None), expected);
        }
    }

    #[test]
    fn an_unknown_person_gets_an_account() {
        assert_eq!(decide(true, None, None, None), Ok(LinkDecision::Create { replaces: None }));
    }
}
