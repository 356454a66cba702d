//! The account area: one module per function; `endpoints` names them all.
