//! Why keys are rotated.

/// Why keys are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationCause {
    /// They are as old as they may become.
    Age,
    /// An operator ordered it. What they made stays valid for its time.
    Order,
    /// They may have leaked: all keys are new, and what the old ones made is void.
    Leak,
}
