//! The diff: desired against live, attribute by attribute, with a reason per change. Pure.
