//! The one door: every AWS request, retries included, passes this connector under the SDK's HTTP client.

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::{Interrupt, Trace};

/// Whether the door lets writes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only the operations of the explicit list of reads (invariant 2).
    ReadOnly,
    /// Reads and writes.
    ReadWrite,
}

/// Whether the door keeps to AWS's published request rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rates {
    /// `limits.toml`.
    Published,
    /// As fast as the other side answers: for emulators.
    Unlimited,
}

/// How a door is made.
#[derive(Debug, Clone)]
pub struct DoorOptions {
    /// Read-only or not.
    pub mode: Mode,
    /// Rates kept to.
    pub rates: Rates,
    /// Where every call is recorded.
    pub trace: Option<Trace>,
    /// HTTPS, or the sandbox.
    pub transport: SharedHttpClient,
    /// Woken by Ctrl-C.
    pub interrupt: Interrupt,
}

/// One kind of call, for counting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// `organizations`.
    pub service: String,
    /// `ListAccounts`.
    pub operation: String,
}

/// The door. Cheap to clone; all clones are the same door.
#[derive(Debug, Clone)]
pub struct Door {}

impl Door {
    /// A door in front of `options.transport`.
    pub fn new(options: DoorOptions) -> Self {
        todo!("{options:?}")
    }

    /// The HTTP client to give to the SDK.
    pub fn http_client(&self) -> SharedHttpClient {
        todo!()
    }

    /// Requests so far, retries included.
    pub fn counts(&self) -> BTreeMap<Call, usize> {
        todo!()
    }

    /// Lets writes through, or no longer.
    pub fn set_mode(&self, mode: Mode) {
        todo!("{mode:?}")
    }

    /// Ctrl-C as the door sees it.
    pub fn interrupt(&self) -> &Interrupt {
        todo!()
    }
}
