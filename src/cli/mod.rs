//! The command line: one file per command, its arguments and its run.
