//! The kyc area: one module per function; `endpoints` names them all.
