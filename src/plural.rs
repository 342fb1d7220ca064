//! Counts that agree with their nouns, for every text.

/// `1 change`, `2 changes`, `3 policies`, `4 addresses`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {}", plural(one)) }
}

/// `and 1 more account`, `and 2 more accounts`.
pub(crate) fn more(n: usize, one: &str) -> String {
    if n == 1 { format!("1 more {one}") } else { format!("{n} more {}", plural(one)) }
}

/// The noun of many: its last word is the one that changes.
pub(crate) fn plural(one: &str) -> String {
    let is_vowel = |c: char| "aeiou".contains(c);
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(is_vowel) => format!("{stem}ies"),
        _ if ["s", "x", "ch", "sh"].iter().any(|end| one.ends_with(end)) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_their_nouns() {
        for (n, one, expected) in [
            (0, "change", "0 changes"),
            (1, "policy", "1 policy"),
            (2, "policy", "2 policies"),
            (2, "public address", "2 public addresses"),
            (2, "class", "2 classes"),
            (2, "day", "2 days"),
            (2, "VPC", "2 VPCs"),
        ] {
            assert_eq!(count(n, one), expected);
        }
        assert_eq!((more(1, "account").as_str(), more(2, "account").as_str()), ("1 more account", "2 more accounts"));
    }
}
