//! The embedded AWS, as an SDK client sees it: the real client in process is the contract.

mod common;
mod organization;
mod persistence;
mod refusals;
mod sts_and_account;
mod tcp;
mod weather;
