//! The native command line. See [`layerscope::cli`].

fn main() -> std::process::ExitCode {
    layerscope::cli::main()
}
