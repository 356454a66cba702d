//! Claims of an account whose address has just been proven.

use verinym::{
    domain::{auth::AuthError, id::UserId},
    store::{
        Table,
        commit::{Commit, WriteExpression},
        item::{Key, text},
    },
};

/// Makes a claim lasting, if it is still the user's.
pub fn confirm<'a>(commit: Commit<'a>, claim: &Key, user: &UserId) -> Commit<'a> {
    let lasting = WriteExpression {
        update: "REMOVE unverified_until",
        condition: "#user = :user",
        names: &["user"],
        values: vec![(":user", text(user.to_string()))],
    };
    // Lapsed and taken by somebody else meanwhile.
    commit.update(Table::Identity, claim, &lasting, Some(AuthError::InvalidToken.into()))
}

/// Gives a claim up, if it is still the user's.
pub fn release<'a>(commit: Commit<'a>, claim: &Key, user: &UserId) -> Commit<'a> {
    let own = WriteExpression {
        condition: "#user = :user",
        names: &["user"],
        values: vec![(":user", text(user.to_string()))],
        ..WriteExpression::default()
    };
    commit.delete(Table::Identity, claim, &own, None)
}
