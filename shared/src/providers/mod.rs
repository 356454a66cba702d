//! Identity providers: one trait, one file per provider, one per signature scheme.
