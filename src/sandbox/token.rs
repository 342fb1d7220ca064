//! The position in a paged list, as an opaque token. It never repeats in a row, even after an empty page.

use std::fmt::Write;

/// The position of a token in a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The key before the page.
    pub after: String,
    /// Empty pages given here in a row. AWS's tokens never repeat, and the SDK's paginator stops at one that does.
    pub empty: usize,
}

impl Position {
    /// The token of this position in the list of that name.
    pub(super) fn token(&self, list: &str) -> String {
        let mut token = String::new();
        for byte in format!("{list}\n{}\n{}", self.empty, self.after).bytes() {
            let _ = write!(token, "{byte:02x}");
        }
        token
    }

    /// What a token says, if the list of that name gave it.
    pub(super) fn read(token: &str, list: &str) -> Option<Self> {
        let text = unhex(token)?;
        let (from, rest) = text.split_once('\n')?;
        let (empty, after) = rest.split_once('\n')?;
        (from == list).then_some(())?;
        Some(Self { after: after.to_owned(), empty: empty.parse().ok()? })
    }
}

fn unhex(text: &str) -> Option<String> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| Some(digit.to_digit(16)? as u8)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    let bytes = digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_by_its_own_list_only() {
        let position = Position { after: "vpc-1".to_owned(), empty: 2 };
        let token = position.token("vpcSet");
        assert_eq!(Position::read(&token, "vpcSet"), Some(position));
        assert_eq!(Position::read(&token, "subnetSet"), None);
        assert_eq!(Position::read("zz", "vpcSet"), None);
    }
}
