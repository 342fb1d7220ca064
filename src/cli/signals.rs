//! Signals that end a run: SIGINT (Ctrl-C), and SIGTERM, which schedulers and containers send.

/// A signal that asks the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` sends.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has it"))]
    Terminate,
}

impl Signal {
    /// The exit status of a process that it ended, as shells report it: 128 and the signal's number.
    pub(super) fn exit_status(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Listens as long as it lives, so that no signal is lost between two waits.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// From now on these signals do not end the process by themselves.
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { interrupt: signal(SignalKind::interrupt()).ok(), terminate: signal(SignalKind::terminate()).ok() }
    }

    /// The next one. Never returns where the system lets nobody listen.
    pub(super) async fn next(&mut self) -> Signal {
        let Self { interrupt, terminate } = self;
        tokio::select! {
            () = received(interrupt) => Signal::Interrupt,
            () = received(terminate) => Signal::Terminate,
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(not(unix))]
impl Signals {
    /// From now on Ctrl-C does not end the process by itself.
    pub(super) fn listen() -> Self {
        Self {}
    }

    /// The next one. Never returns where the system lets nobody listen.
    pub(super) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
