//! What the pages show: blocks of commands, and files that they have the reader write. A comment above a block says what it is:
//!
//! ```text
//! <!-- file: PATH -->      the block is this file
//! <!-- append: PATH -->    it comes to the end of this file
//! <!-- below: [SECTION] -->  it comes below this section's header in org.toml
//! <!-- not run: REASON --> its commands cannot be run here
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::project;

/// A page, by its path in the project.
pub struct Page {
    pub path: String,
    pub text: String,
    pub blocks: Vec<Block>,
}

/// A fenced block.
pub struct Block {
    /// What stands behind the fence.
    pub language: String,
    pub text: String,
    pub role: Role,
}

/// What a reader does with a block.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads it, or types it, if it is of a shell.
    Shown,
    /// Writes this file.
    File(String),
    /// Adds to this file.
    Append(String),
    /// Adds to a section of org.toml.
    Below(String),
    /// Types it elsewhere, for this reason.
    NotRun(String),
}

/// All of docs/, and what else is there to read, in order.
pub fn pages() -> Vec<Page> {
    let mut paths = vec!["README.md".to_owned(), "policies/README.md".to_owned()];
    walk(&project("docs"), "docs", &mut paths);
    paths.sort();
    paths.into_iter().map(read).collect()
}

fn walk(folder: &Path, name: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            walk(&entry.path(), &name, found);
        } else if name.ends_with(".md") {
            found.push(name);
        }
    }
}

fn read(path: String) -> Page {
    let text = fs::read_to_string(project(&path)).unwrap();
    let mut blocks = Vec::new();
    let mut role = Role::Shown;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            blocks.push(Block {
                language: language.to_owned(),
                text: body.join("\n") + "\n",
                role: std::mem::replace(&mut role, Role::Shown),
            });
        } else if line.starts_with("<!-- facts: ") || line == "<!-- end -->" {
            // About a table that tests/contract generates, and no block.
            assert_eq!(role, Role::Shown, "{path}: the comment stands above no block");
        } else if let Some(comment) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            role = match comment.split_once(": ").unwrap_or_else(|| panic!("{path}: {line}")) {
                ("file", path) => Role::File(path.to_owned()),
                ("append", path) => Role::Append(path.to_owned()),
                ("below", section) => Role::Below(section.to_owned()),
                ("not run", reason) => Role::NotRun(reason.to_owned()),
                _ => panic!("{path}: {line}"),
            };
        } else if !line.is_empty() {
            assert_eq!(role, Role::Shown, "{path}: the comment stands above no block");
        }
    }
    Page { path, text, blocks }
}

/// The commands of a shell's block: a line, with those that it goes on in.
pub fn commands(block: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in block.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match commands.last_mut() {
            Some(last) if goes_on => {
                last.push('\n');
                last.push_str(line);
            }
            _ => commands.push(line.to_owned()),
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

/// The exit statuses that a command's remark tells, as in `# exits 2: there are changes`; of several, those that are no error. Else 0.
pub fn claimed(command: &str) -> BTreeSet<i32> {
    let Some((_, told)) = command.split_once("# ").and_then(|(_, remark)| remark.split_once("exits ")) else { return [0].into() };
    let words: Vec<&str> = told.split_whitespace().collect();
    let number = |at: usize| words[at].trim_end_matches([',', ':', ';']).parse().ok();
    let fine = |at: &usize| words.get(at + 1).is_none_or(|next| !next.starts_with("(error"));
    (0..words.len()).filter(fine).filter_map(number).collect()
}

#[test]
fn commands_and_claims_are_taken_apart() {
    let block = "# a remark\noverlord plan \\\n  --sandbox    # exits 2: there are changes\n\noverlord validate\n";
    let found = commands(block);
    assert_eq!(found, ["overlord plan \\\n  --sandbox    # exits 2: there are changes", "overlord validate"]);
    assert_eq!(claimed(&found[0]), [2].into());
    assert_eq!(claimed(&found[1]), [0].into());
    assert_eq!(claimed("overlord plan   # the difference; exits 0 (none), 2 (changes) or 1 (error)"), [0, 2].into());
}
