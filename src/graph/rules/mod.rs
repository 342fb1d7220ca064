//! The rules of the dependency graph.

mod allows;
