//! The graph: which change waits for which. Edges come from references (invariant 6). Pure.
