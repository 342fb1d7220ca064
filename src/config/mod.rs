//! org.toml and policies/ to typed, spanned sections, to desired resources; all errors at once. Pure but for reading the files.
