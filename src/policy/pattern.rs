//! Patterns of policies: text with `*`, `?` and variables, matched against texts that may be partly unknown.
//!
//! An unknown part is a hole. A *name* is a hole for one text that is not known offline, such as the id of an account that org.toml does not
//! give: equal names are equal texts, different names differ. A *gap* is a hole for any text, such as `*` in a question. So one matcher
//! answers both "is `s3:*` denied?" and "does this belong to the account `audit`, whose id is unknown?". It answers true or false only where
//! no filling of the holes could change the answer.

use std::borrow::Cow;
use std::str::Chars;

use super::context::{Context, Fact};
use super::truth::Truth;
use super::work;

/// Private-use characters of plane 15 are names.
const NAMES: std::ops::RangeInclusive<char> = '\u{F0000}'..='\u{FFFFD}';
/// The gap, the first private-use character of plane 16.
const GAP: char = '\u{100000}';

/// The `index`th name, from 0. There are 65,534; what is beyond is a gap, which claims less.
pub fn name(index: usize) -> char {
    u32::try_from(index).ok().and_then(|index| char::from_u32(0xF0000 + index)).filter(|c| NAMES.contains(c)).unwrap_or(GAP)
}

/// A text of a question, in which `*` and `?` match anything.
pub fn question(text: &str) -> String {
    text.chars().map(|c| if c == '*' || c == '?' { GAP } else { c }).collect()
}

/// Whether all of a text is known.
pub fn is_known(text: &str) -> bool {
    !text.contains(is_hole)
}

pub(super) fn is_hole(c: char) -> bool {
    c == GAP || NAMES.contains(&c)
}

pub(super) fn has_gap(text: &str) -> bool {
    text.contains(GAP)
}

/// Whether upper and lower case differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// They do.
    Sensitive,
    /// They do not.
    Insensitive,
}

impl Case {
    fn same(self, one: char, other: char) -> bool {
        let equal = one == other && one != GAP;
        match self {
            Self::Sensitive => equal,
            Self::Insensitive => equal || (!is_hole(one) && one.to_lowercase().eq(other.to_lowercase())),
        }
    }
}

/// Whether `*` and `?` stand for other characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wildcards {
    /// They do.
    Expanded,
    /// They are themselves.
    Literal,
}

/// Whether `${…}` is a variable: since the version 2012-10-17 of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variables {
    /// It is.
    Replaced,
    /// It is text.
    Literal,
}

/// A pattern as written, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: String,
    tokens: Vec<Token>,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Star,
    Variable(Box<Variable>),
}

/// `${key}`, or `${key, 'default'}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variable {
    /// The key, in lower case: keys are compared so.
    pub key: String,
    /// The default if the request has no such key.
    pub default: Option<String>,
}

/// A `${` that begins no variable; AWS refuses such a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadVariable;

/// A variable has no value and no default.
struct NoValue;

impl Pattern {
    /// Takes a text apart.
    ///
    /// # Errors
    /// `${` without its `}`, or with nothing between them.
    pub fn parse(text: &str, wildcards: Wildcards, variables: Variables) -> Result<Self, BadVariable> {
        let mut tokens = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            match (c, variables, wildcards) {
                ('$', Variables::Replaced, _) if rest.starts_with('{') => {
                    let (inside, behind) = rest.get(1..).unwrap_or_default().split_once('}').ok_or(BadVariable)?;
                    tokens.push(variable(inside)?);
                    rest = behind;
                }
                // Several in a row are one.
                ('*', _, Wildcards::Expanded) if tokens.last() == Some(&Token::Star) => {}
                ('*', _, Wildcards::Expanded) => tokens.push(Token::Star),
                ('?', _, Wildcards::Expanded) => tokens.push(Token::One),
                (c, _, _) => tokens.push(Token::Char(c)),
            }
        }
        Ok(Self { text: text.to_owned(), tokens })
    }

    /// A pattern without variables, such as that of an action.
    pub fn plain(text: &str) -> Self {
        // Without variables nothing can be wrong with it.
        Self::parse(text, Wildcards::Expanded, Variables::Literal).unwrap_or(Self { text: text.to_owned(), tokens: Vec::new() })
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is `*`: it matches everything, and no unknown changes that.
    pub fn is_everything(&self) -> bool {
        self.tokens == [Token::Star]
    }

    /// Its variables.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(&**variable),
            Token::Char(_) | Token::One | Token::Star => None,
        })
    }

    /// Whether `text` matches. A pattern with a variable that has no value matches nothing, so that its negation matches everything:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value>.
    pub fn matches(&self, text: &str, case: Case, context: &Context) -> Truth {
        match self.resolve(context) {
            Ok(tokens) => glob(&tokens, text, case),
            Err(NoValue) => Truth::False,
        }
    }

    /// The same of a pattern that has no variables, or whose variables are text.
    pub fn matches_plain(&self, text: &str, case: Case) -> Truth {
        glob(&self.tokens, text, case)
    }

    /// Whether a whole text matches, in whatever case.
    pub(super) fn is_like(&self, text: &str) -> bool {
        self.matches_plain(text, Case::Insensitive) == Truth::True
    }

    /// How many tokens it has.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether the first letters of two patterns already show that no text matches both.
    pub(super) fn begins_otherwise(&self, other: &Self, case: Case) -> bool {
        let differ = |(one, other): (&Token, &Token)| match (one, other) {
            (Token::Char(one), Token::Char(other)) if !is_hole(*one) && !is_hole(*other) => Some(!case.same(*one, *other)),
            _ => None,
        };
        self.tokens.iter().zip(&other.tokens).map_while(differ).any(|differ| differ)
    }

    /// The pattern with the values of its variables. One of an unknown value is a gap.
    fn resolve(&self, context: &Context) -> Result<Cow<'_, [Token]>, NoValue> {
        if self.variables().next().is_none() {
            return Ok(Cow::Borrowed(&self.tokens));
        }
        let mut tokens = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            let Token::Variable(variable) = token else {
                tokens.push(token.clone());
                continue;
            };
            match (context.get(&variable.key), &variable.default) {
                (Fact::Known(values), _) => match values.as_slice() {
                    [value] => tokens.extend(value.chars().map(Token::Char)),
                    // A key of several values cannot be a variable, says AWS, and not what becomes of one.
                    [] | [_, ..] => tokens.push(Token::Char(GAP)),
                },
                (Fact::Absent, Some(default)) => tokens.extend(default.chars().map(Token::Char)),
                (Fact::Absent, None) => return Err(NoValue),
                (Fact::Unknown, _) => tokens.push(Token::Char(GAP)),
            }
        }
        Ok(Cow::Owned(tokens))
    }
}

/// The text between `${` and `}`.
fn variable(inside: &str) -> Result<Token, BadVariable> {
    match inside {
        "*" => return Ok(Token::Char('*')),
        "?" => return Ok(Token::Char('?')),
        "$" => return Ok(Token::Char('$')),
        _ => {}
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|d| d.strip_suffix('\'')).ok_or(BadVariable)?;
            (key, Some(default.to_owned()))
        }
        None => (inside, None),
    };
    let key = key.trim();
    if key.is_empty() {
        return Err(BadVariable);
    }
    Ok(Token::Variable(Box::new(Variable { key: key.to_lowercase(), default })))
}

fn glob(tokens: &[Token], text: &str, case: Case) -> Truth {
    if ends_otherwise(tokens, text, case) {
        return Truth::False;
    }
    let certain = greedy(tokens, text.chars(), case);
    let holes = || !is_known(text) || tokens.iter().any(|token| matches!(token, Token::Char(c) if is_hole(*c)));
    if certain || !holes() {
        return certain.into();
    }
    if possible(tokens, text, case) { Truth::Unknown } else { Truth::False }
}

/// Whether the last letters already show that nothing matches: this finds most mismatches.
fn ends_otherwise(tokens: &[Token], text: &str, case: Case) -> bool {
    work::add(1);
    match (tokens.last(), text.chars().next_back()) {
        (Some(Token::Char(expected)), Some(last)) => !is_hole(*expected) && !is_hole(last) && !case.same(*expected, last),
        (Some(Token::One | Token::Star | Token::Variable(_)), _) | (Some(Token::Char(_)) | None, None) | (None, Some(_)) => false,
    }
}

/// Whether every filling of the holes matches: a hole is a character that equals itself alone, if that. Goes back to the last `*` only,
/// so never more than pattern times text.
fn greedy(tokens: &[Token], text: Chars<'_>, case: Case) -> bool {
    let (mut pattern, mut rest) = (tokens, text);
    let mut retry: Option<(&[Token], Chars<'_>)> = None;
    loop {
        work::add(1);
        let mut ahead = rest.clone();
        let step = match (pattern.split_first(), ahead.next()) {
            (None, None) => return true,
            (Some((Token::Star, tail)), _) => {
                retry = Some((tail, rest.clone()));
                pattern = tail;
                continue;
            }
            (Some((Token::One, tail)), Some(c)) => (!is_hole(c)).then_some(tail),
            (Some((Token::Char(expected), tail)), Some(c)) => case.same(*expected, c).then_some(tail),
            (Some((Token::Variable(_), _)), _) | (Some((Token::One | Token::Char(_), _)), None) | (None, Some(_)) => None,
        };
        if let Some(tail) = step {
            (pattern, rest) = (tail, ahead);
            continue;
        }
        let Some((tail, from)) = &mut retry else { return false };
        if from.next().is_none() {
            return false;
        }
        (pattern, rest) = (tail, from.clone());
    }
}

/// Whether some filling of the holes matches; yes where that is hard to decide. The positions of the pattern that are reached are carried
/// along the text.
fn possible(tokens: &[Token], text: &str, case: Case) -> bool {
    // Different names are different texts: the one thing about them that is known.
    let mut alone = text.chars();
    if let (Some(one), None, [Token::Char(other)]) = (alone.next(), alone.next(), tokens)
        && NAMES.contains(&one)
        && NAMES.contains(other)
    {
        return one == *other;
    }
    let mut reached = vec![false; tokens.len() + 1];
    mark(&mut reached, 0);
    skip(tokens, &mut reached, stands_for_nothing);
    for c in text.chars() {
        work::add(tokens.len());
        if is_hole(c) {
            // It may be as much of the pattern as its characters allow.
            skip(tokens, &mut reached, |token| c == GAP || may_be_in_a_name(token));
            continue;
        }
        let mut next = vec![false; tokens.len() + 1];
        for (position, token) in tokens.iter().enumerate().filter(|(position, _)| is_marked(&reached, *position)) {
            match token {
                Token::Star => mark(&mut next, position),
                Token::Char(hole) if is_hole(*hole) => mark(&mut next, position),
                Token::One => mark(&mut next, position + 1),
                Token::Char(expected) if case.same(*expected, c) => mark(&mut next, position + 1),
                Token::Char(_) | Token::Variable(_) => {}
            }
        }
        reached = next;
        skip(tokens, &mut reached, stands_for_nothing);
    }
    is_marked(&reached, tokens.len())
}

fn is_marked(reached: &[bool], position: usize) -> bool {
    reached.get(position).copied().unwrap_or(false)
}

fn mark(reached: &mut [bool], position: usize) {
    if let Some(slot) = reached.get_mut(position) {
        *slot = true;
    }
}

/// Marks what is reached by passing over tokens without using up text.
fn skip(tokens: &[Token], reached: &mut [bool], over: impl Fn(&Token) -> bool) {
    for (position, token) in tokens.iter().enumerate() {
        if is_marked(reached, position) && over(token) {
            mark(reached, position + 1);
        }
    }
}

/// A name too, though it is never empty: it may have been met with a part of a gap.
fn stands_for_nothing(token: &Token) -> bool {
    match token {
        Token::Star => true,
        Token::Char(c) => is_hole(*c),
        Token::One | Token::Variable(_) => false,
    }
}

/// Ids of accounts, organizations, roots and OUs are made of these.
fn may_be_in_a_name(token: &Token) -> bool {
    match token {
        Token::Star | Token::One => true,
        Token::Char(c) => is_hole(*c) || c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-',
        Token::Variable(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::context::Context;
    use proptest::prelude::*;

    fn matches(pattern: &str, text: &str) -> Truth {
        Pattern::plain(pattern).matches_plain(text, Case::Insensitive)
    }

    #[test]
    fn wildcards_stand_anywhere() {
        for (pattern, text) in
            [("*", ""), ("s3:*", "S3:PutObject"), ("s3:?et*", "s3:GetObject"), ("*:*Object", "s3:PutObject"), ("a*b*c", "aXbYbZc")]
        {
            assert_eq!(matches(pattern, text), Truth::True, "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("s3:?", "s3:"), ("s3", "s3:PutObject"), ("a*b*c", "aXbYbZ"), ("?", "ab")] {
            assert_eq!(matches(pattern, text), Truth::False, "{pattern} {text}");
        }
    }

    #[test]
    fn a_question_is_answered_for_all_that_it_stands_for() {
        for (pattern, asked, expected) in [
            ("s3:*", "s3:Get*", Truth::True),
            ("s3:Get*", "s3:*", Truth::Unknown),
            ("s3:Put*", "s3:Get*", Truth::False),
            ("*", "*", Truth::True),
            ("s3:?", "s3:*", Truth::Unknown),
            ("ec2:*", "s3:*", Truth::False),
            ("s3:*Object", "s3:Get*", Truth::Unknown),
        ] {
            assert_eq!(matches(pattern, &question(asked)), expected, "{pattern} {asked}");
        }
    }

    #[test]
    fn a_name_is_itself_and_perhaps_an_id() {
        let (one, other) = (name(0).to_string(), name(1).to_string());
        let is = |pattern: &str, text: &str| {
            Pattern::parse(pattern, Wildcards::Expanded, Variables::Replaced).unwrap().matches_plain(text, Case::Sensitive)
        };
        assert_eq!(is(&one, &one), Truth::True);
        assert_eq!(is(&one, &other), Truth::False);
        assert_eq!(is("111122223333", &one), Truth::Unknown);
        assert_eq!(is("*", &one), Truth::True);
        assert_eq!(is("arn:aws:iam::*:role/Admin", &format!("arn:aws:iam::{one}:role/Admin")), Truth::True);
        assert_eq!(is("arn:aws:iam::111122223333:role/Admin", &format!("arn:aws:iam::{one}:role/Other")), Truth::False);
        // An id has no colon.
        assert_eq!(is("arn:aws:iam::1:2:role/Admin", &format!("arn:aws:iam::{one}:role/Admin")), Truth::False);
    }

    #[test]
    fn variables_and_their_defaults() {
        let mut context = Context::complete();
        context.set("aws:PrincipalTag/Team", Fact::known(["red"]));
        context.set("aws:userid", Fact::Unknown);
        context.set("aws:many", Fact::known(["a", "b"]));
        let is = |pattern: &str, text: &str| {
            let pattern = Pattern::parse(pattern, Wildcards::Expanded, Variables::Replaced).unwrap();
            pattern.matches(text, Case::Sensitive, &context)
        };
        assert_eq!(is("team-${aws:principaltag/team}", "team-red"), Truth::True);
        assert_eq!(is("${aws:PrincipalTag/Unit, 'all'}", "all"), Truth::True);
        assert_eq!(is("${*}${?}${$}", "*?$"), Truth::True);
        assert_eq!(is("${*}", "x"), Truth::False);
        assert_eq!(is("home/${aws:userid}", "home/x"), Truth::Unknown);
        assert_eq!(is("home/${aws:userid}", "work/x"), Truth::False);
        assert_eq!((is("${aws:many}", "a"), is("*${aws:none}", "a")), (Truth::Unknown, Truth::False));
        for bad in ["${", "${}", "a${b", "${a, b}"] {
            assert_eq!(Pattern::parse(bad, Wildcards::Expanded, Variables::Replaced), Err(BadVariable), "{bad}");
        }
        assert_eq!(Pattern::plain("${x}").matches_plain("${x}", Case::Sensitive), Truth::True);
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "a*".repeat(200) + "b";
        assert_eq!(matches(&pattern, &"a".repeat(5_000)), Truth::False);
    }

    proptest! {
        /// What is said of a question holds for every way to fill its gap.
        #[test]
        fn an_answer_holds_for_every_filling(pattern in "[ab*?]{0,6}", before in "[ab]{0,2}", after in "[ab]{0,2}", filling in "[ab]{0,4}") {
            let asked = matches(&pattern, &question(&format!("{before}*{after}")));
            let filled = matches(&pattern, &format!("{before}{filling}{after}"));
            prop_assert!(asked == Truth::Unknown || asked == filled, "{asked:?} {filled:?}");
        }

        /// The same of a variable whose value is unknown.
        #[test]
        fn an_unknown_variable_may_be_anything(before in "[ab*]{0,3}", after in "[ab?]{0,3}", value in "[ab]{0,3}", text in "[ab]{0,6}") {
            let pattern = Pattern::parse(&format!("{before}${{k}}{after}"), Wildcards::Expanded, Variables::Replaced).unwrap();
            let told = |fact| {
                let mut context = Context::complete();
                context.set("k", fact);
                pattern.matches(&text, Case::Sensitive, &context)
            };
            let unknown = told(Fact::Unknown);
            let known = told(Fact::known([value.as_str()]));
            prop_assert!(unknown == Truth::Unknown || unknown == known, "{unknown:?} {known:?}");
        }
    }
}
