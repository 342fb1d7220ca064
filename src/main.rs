//! Arguments, exit status, nothing else.

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    overlord::cli::run().await
}
