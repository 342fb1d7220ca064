//! The operations that overlord can call: which exist, and which of them only read. The read-only lock, the least IAM policies
//! and the documentation come from this list.
