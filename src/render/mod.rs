//! Renderings of one value: text, JSON, Markdown. Pure.
