//! Lines on a terminal break at its width; elsewhere they stay whole.

use crate::cli::case::*;
use crate::cli::consent::answering;

/// What is shown on a terminal of so many columns, as lines.
fn shown(case: &Case, columns: usize, arguments: &[&str]) -> (i64, Vec<String>) {
    let mut command = case.command();
    command.env("TERMINAL_COLUMNS", columns.to_string());
    let (status, text) = answering(command, "", arguments);
    (status, text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect())
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn lines_of_a_plan_break_at_the_width_of_the_terminal() {
    let case = Case::example();
    let plan = ["plan", "--sandbox", "--color", "never"];
    let piped = case.run(&plan).ends(2).out;
    assert!(piped.lines().any(|line| line.chars().count() > 100), "no line is long\n{piped}");
    for columns in [60, 100] {
        let (status, lines) = shown(&case, columns, &plan);
        assert_eq!(status, 2);
        for line in &lines {
            let is_one_word = words(line).len() == 1;
            assert!(line.chars().count() <= columns || is_one_word, "{columns}: {line}");
        }
        // Nothing is lost, and nothing but white space is new.
        assert_eq!(words(&lines.join("\n")), words(&piped), "{columns}");
        // What goes on is indented more than where it began.
        let calls = lines.iter().position(|line| line.starts_with("Calls: ")).unwrap();
        assert!(
            lines[calls + 1].starts_with("  ") && lines[calls].chars().count() + words(&lines[calls + 1])[0].len() >= columns,
            "{lines:#?}"
        );
    }
}

#[test]
fn tables_and_documents_stay_whole_on_a_narrow_terminal() {
    let case = Case::example();
    for (arguments, status) in [(&["accounts", "--sandbox"][..], 0), (&["network"], 0), (&["doctor", "--policy", "plan"], 0)] {
        let piped = case.run(arguments).ends(status).out;
        let (ended, lines) = shown(&case, 60, arguments);
        assert_eq!(ended, i64::from(status), "{lines:#?}");
        let rows = piped.lines().filter(|line| line.trim().contains("   ") && line.chars().count() > 60);
        for row in rows.chain(piped.lines().filter(|line| arguments[0] == "doctor" && line.starts_with(['{', ' ']))) {
            assert!(lines.iter().any(|line| line == row), "{row:?} is broken\n{lines:#?}");
        }
    }
}

#[test]
fn errors_and_hints_break_at_the_width_of_the_terminal() {
    let case = Case::small();
    let arguments = ["output", "account.which-does-not-exist", "--sandbox", "--color", "never"];
    let piped = case.run(&arguments).ends(1).err;
    assert!(piped.lines().all(|line| line.starts_with("error: ") || line.starts_with("  help: ")), "{piped}");
    let (status, lines) = shown(&case, 60, &arguments);
    assert_eq!((status, words(&lines.join("\n"))), (1, words(&piped)));
    assert!(lines.len() > piped.lines().count() && lines.iter().all(|line| line.chars().count() <= 60), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("    ")), "the hint does not hang\n{lines:#?}");
}
