//! Counts the steps of matching in unit tests. Tests limit the worst case by this count, since time differs between machines.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// So many steps more.
#[cfg(not(test))]
#[inline(always)]
pub(super) fn add(_: usize) {}

/// So many steps more.
#[cfg(test)]
pub(super) fn add(steps: usize) {
    STEPS.set(STEPS.get() + steps);
}

/// How many steps something takes, with what it gives.
#[cfg(test)]
pub(super) fn of<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = STEPS.get();
    let value = run();
    (STEPS.get() - before, value)
}
