//! A list that lost a good part of its entries overnight is a broken list until a person says otherwise.

use thiserror::Error;

/// A larger loss than this is refused.
pub const MAX_SHRINK_PERCENT: usize = 20;

/// The list has shrunk too much to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{now} entries where there were {before}: more than {MAX_SHRINK_PERCENT} % gone")]
pub struct Shrunken {
    /// Entries of the list in force.
    pub before: usize,
    /// Entries of the list as read.
    pub now: usize,
}

/// Compares with the entry count of the list in force (`None` for a first load).
///
/// # Errors
/// [`Shrunken`] if more than [`MAX_SHRINK_PERCENT`] of the entries are gone.
pub fn check_shrink(before: Option<usize>, now: usize) -> Result<(), Shrunken> {
    match before {
        Some(before) if now * 100 < before * (100 - MAX_SHRINK_PERCENT) => Err(Shrunken { before, now }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_may_go_and_no_more() {
        assert!(check_shrink(None, 0).is_ok());
        assert!(check_shrink(Some(100), 80).is_ok());
        assert!(check_shrink(Some(100), 79).is_err());
        assert!(check_shrink(Some(100), 500).is_ok());
        assert!(check_shrink(Some(0), 0).is_ok());
    }
}
