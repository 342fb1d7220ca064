//! The ready queue: what may start, what a failure skips. Pure: no I/O, no clock.
