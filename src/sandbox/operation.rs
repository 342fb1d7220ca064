//! An operation of the sandbox, looked up by name in the two tables of its service.

#[cfg(test)]
use super::journal::Effect;

/// What makes the answer: `R` for a read, which cannot write, `W` for a write.
#[derive(Clone, Copy)]
pub(super) enum Operation<R, W> {
    Read(R),
    Write(W),
}

impl<R: Copy, W: Copy> Operation<R, W> {
    /// The operation of that name.
    pub fn of(name: &str, reads: &[(&str, R)], writes: &[(&str, W)]) -> Option<Self> {
        let read = reads.iter().find(|(other, _)| *other == name).map(|(_, read)| Self::Read(*read));
        read.or_else(|| writes.iter().find(|(other, _)| *other == name).map(|(_, write)| Self::Write(*write)))
    }

    /// What it does to the world.
    #[cfg(test)]
    pub fn effect(&self) -> Effect {
        match self {
            Self::Read(_) => Effect::Read,
            Self::Write(_) => Effect::Write,
        }
    }
}
