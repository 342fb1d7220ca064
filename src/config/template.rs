//! Placeholders: `{account}`, `{team}` and `{stage}` in e-mail addresses, names and tag values; `{region}` in those of networks.

use super::code::Code;
use super::report::Report;
use super::span::At;
use crate::diagnostic::ByteRange;

/// The values of the placeholders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'n> {
    /// `{account}`: the account's key.
    pub(super) account: &'n str,
    /// `{team}` and `{stage}`, for an account of a team.
    pub(super) team: Option<(&'n str, &'n str)>,
    /// `{region}`, where there is one.
    pub(super) region: Option<&'n str>,
}

/// A text that a template made, and the place of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) text: String,
    pub(super) at: ByteRange,
}

/// Why a template cannot be filled in.
#[derive(Debug, PartialEq, Eq)]
enum Mistake<'t> {
    DollarBrace,
    Unclosed,
    Unknown(&'t str),
}

/// Fills in a template, or reports what is wrong with it.
pub(super) fn fill(template: &At<String>, names: Names<'_>, report: &mut Report) -> Option<Made> {
    match try_fill(template, names) {
        Ok(text) => Some(Made { text, at: template.at }),
        Err(mistake) => {
            report_mistake(template, names, &mistake, report);
            None
        }
    }
}

fn try_fill<'t>(template: &'t str, names: Names<'_>) -> Result<String, Mistake<'t>> {
    let mut made = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        if before.ends_with('$') {
            return Err(Mistake::DollarBrace);
        }
        let (name, after) = after.split_once('}').ok_or(Mistake::Unclosed)?;
        made.push_str(before);
        made.push_str(match (name, names.team) {
            ("account", _) => names.account,
            ("team", Some((team, _))) => team,
            ("stage", Some((_, stage))) => stage,
            ("region", _) if names.region.is_some() => names.region.unwrap_or_default(),
            (unknown, _) => return Err(Mistake::Unknown(unknown)),
        });
        rest = after;
    }
    made.push_str(rest);
    Ok(made)
}

fn report_mistake(template: &At<String>, names: Names<'_>, mistake: &Mistake<'_>, report: &mut Report) {
    let of_team: &[&str] = if names.team.is_some() { &["team", "stage"] } else { &[] };
    let of_region: &[&str] = if names.region.is_some() { &["region"] } else { &[] };
    let known: Vec<&str> = ["account"].iter().chain(of_team).chain(of_region).copied().collect();
    let listed = known.iter().map(|n| format!("`{{{n}}}`")).collect::<Vec<_>>().join(", ");
    let (needle, diagnostic) = match mistake {
        Mistake::DollarBrace => (
            "${".to_owned(),
            Code::DollarBrace
                .error("`${` is not a placeholder of org.toml")
                .detail("`${…}` belongs to policy documents, where AWS fills it in")
                .hint(format!("write a placeholder without `$`: {listed}")),
        ),
        Mistake::Unclosed => {
            ("{".to_owned(), Code::BadPlaceholder.error("`{` without a `}`").hint(format!("close the placeholder: {listed}")))
        }
        Mistake::Unknown(name) => {
            let hint = match (*name, names.team, report.similar(name, known.iter().copied())) {
                ("team" | "stage", None, _) => format!("a single account has no team and no stage: only {listed} can be used here"),
                ("region", _, _) => format!("an account has no Region: known here are {listed}"),
                (_, _, Some(near)) => format!("did you mean `{{{near}}}`?"),
                (_, _, None) => format!("known here are {listed}"),
            };
            (format!("{{{name}}}"), Code::BadPlaceholder.error(format!("unknown placeholder `{{{name}}}`")).hint(hint))
        }
    };
    report.at(within(template, &needle, report.text()), diagnostic);
}

/// The place of `needle` inside the string; the whole string when escapes hide it.
fn within(template: &At<String>, needle: &str, text: &str) -> ByteRange {
    let offset = text.get(template.at.start..template.at.end).and_then(|raw| raw.find(needle));
    offset.map_or(template.at, |offset| {
        let start = template.at.start + offset;
        ByteRange { start, end: start + needle.len() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(template: &str, expected: Result<&str, Mistake<'_>>) {
        let names = Names { account: "pay-dev", team: Some(("pay", "dev")), region: None };
        assert_eq!(try_fill(template, names), expected.map(str::to_owned));
    }

    #[test]
    fn fills_in() {
        check("aws+{account}@example.org", Ok("aws+pay-dev@example.org"));
        check("{team}.{stage}", Ok("pay.dev"));
        check("plain }", Ok("plain }"));
    }

    #[test]
    fn refuses() {
        check("a${account}", Err(Mistake::DollarBrace));
        check("{account", Err(Mistake::Unclosed));
        check("{acount}", Err(Mistake::Unknown("acount")));
    }

    #[test]
    fn a_single_account_has_no_team() {
        assert_eq!(try_fill("{team}", Names { account: "audit", team: None, region: None }), Err(Mistake::Unknown("team")));
    }
}
