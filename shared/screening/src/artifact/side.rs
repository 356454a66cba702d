//! The query's side of a comparison.

use super::lookup::Lookup;
use super::view::FormView;
use crate::matcher::score::NameRef;
use crate::matcher::token::TokenRef;
use crate::normalise::{NameForm, Reading};

/// One reading of the query's name, looked up.
pub struct Side<'a> {
    pub half: usize,
    pub reading: Reading,
    pub form: &'a NameForm,
    pub tokens: Vec<TokenRef<'a>>,
    pub lookups: Vec<Lookup>,
}

impl<'a> Side<'a> {
    pub fn new(half: usize, reading: Reading, form: &'a NameForm, lookups: Vec<Lookup>) -> Self {
        Self { half, reading, form, tokens: form.tokens.iter().map(Into::into).collect(), lookups }
    }

    pub fn name(&self) -> NameRef<'_> {
        NameRef {
            tokens: &self.tokens,
            ideographs: &self.form.ideographs,
            initials: &self.form.initials,
            acronym: self.form.acronym,
            reading: self.reading,
        }
    }

    /// One name in characters, the other romanised: only their sound can be compared.
    pub fn syllabic(&self, listed: FormView) -> bool {
        self.form.ideographs.is_empty() == listed.ideographic
    }
}
