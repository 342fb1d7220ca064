//! The condition operators, by name. Source: the IAM user guide, "IAM JSON policy elements: Condition operators".

/// An operator with its prefix and its suffix, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// How many of the request's values are meant.
    pub quantifier: Quantifier,
    /// How a value of the request is compared with one of the policy.
    pub comparison: Comparison,
    /// Whether that they are alike is wanted, or that they are not.
    pub sense: Sense,
    /// Whether a key that is not there is as good as one that fits.
    pub if_exists: bool,
}

/// How many of the request's values are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// The one that there is.
    Single,
    /// `ForAnyValue:`
    Any,
    /// `ForAllValues:`
    All,
}

/// Whether that two values are alike is wanted, or that they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sense {
    /// That they are.
    Alike,
    /// That they are not: `StringNotEquals` and its like.
    Different,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Letter by letter.
    String,
    /// Without regard to case.
    StringIgnoreCase,
    /// With wildcards.
    StringLike,
    /// As numbers.
    Numeric(Order),
    /// As points in time.
    Date(Order),
    /// As true or false.
    Bool,
    /// Byte by byte, in base 64.
    Binary,
    /// An address in a range.
    IpAddress,
    /// As ARNs, part by part, with wildcards; `ArnEquals` is no stricter than `ArnLike`.
    Arn,
    /// Whether the key is absent.
    Null,
}

/// What a number or a point in time is to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The same.
    Equal,
    /// Below it.
    Less,
    /// Not above it.
    LessOrEqual,
    /// Above it.
    Greater,
    /// Not below it.
    GreaterOrEqual,
}

use Comparison::{Arn, Binary, Bool, Date, IpAddress, Null, Numeric, String as Text, StringIgnoreCase, StringLike};
use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
use Sense::{Alike, Different};

/// All names without prefix and suffix.
const NAMES: [(&str, Comparison, Sense); 27] = [
    ("StringEquals", Text, Alike),
    ("StringNotEquals", Text, Different),
    ("StringEqualsIgnoreCase", StringIgnoreCase, Alike),
    ("StringNotEqualsIgnoreCase", StringIgnoreCase, Different),
    ("StringLike", StringLike, Alike),
    ("StringNotLike", StringLike, Different),
    ("NumericEquals", Numeric(Equal), Alike),
    ("NumericNotEquals", Numeric(Equal), Different),
    ("NumericLessThan", Numeric(Less), Alike),
    ("NumericLessThanEquals", Numeric(LessOrEqual), Alike),
    ("NumericGreaterThan", Numeric(Greater), Alike),
    ("NumericGreaterThanEquals", Numeric(GreaterOrEqual), Alike),
    ("DateEquals", Date(Equal), Alike),
    ("DateNotEquals", Date(Equal), Different),
    ("DateLessThan", Date(Less), Alike),
    ("DateLessThanEquals", Date(LessOrEqual), Alike),
    ("DateGreaterThan", Date(Greater), Alike),
    ("DateGreaterThanEquals", Date(GreaterOrEqual), Alike),
    ("Bool", Bool, Alike),
    ("BinaryEquals", Binary, Alike),
    ("IpAddress", IpAddress, Alike),
    ("NotIpAddress", IpAddress, Different),
    ("ArnEquals", Arn, Alike),
    ("ArnLike", Arn, Alike),
    ("ArnNotEquals", Arn, Different),
    ("ArnNotLike", Arn, Different),
    ("Null", Null, Alike),
];

impl Operator {
    /// The operator of that name, in whatever case: AWS's own samples write `ForAnyValue:Stringlike`. `Null` has no `IfExists`, being
    /// the question itself.
    pub fn parse(name: &str) -> Option<Self> {
        let folded = name.to_ascii_lowercase();
        let (quantifier, rest) = match folded.split_once(':') {
            None => (Quantifier::Single, folded.as_str()),
            Some(("foranyvalue", rest)) => (Quantifier::Any, rest),
            Some(("forallvalues", rest)) => (Quantifier::All, rest),
            Some(_) => return None,
        };
        let (base, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |base| (base, true));
        let (_, comparison, sense) = *NAMES.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(base))?;
        (comparison != Null || !if_exists).then_some(Self { quantifier, comparison, sense, if_exists })
    }

    /// The names without prefix and suffix.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        NAMES.iter().map(|(name, _, _)| *name)
    }
}

impl Order {
    /// Whether the request's value compares to the policy's in this way.
    pub(super) fn holds<T: PartialOrd>(self, asked: &T, written: &T) -> bool {
        match self {
            Self::Equal => asked == written,
            Self::Less => asked < written,
            Self::LessOrEqual => asked <= written,
            Self::Greater => asked > written,
            Self::GreaterOrEqual => asked >= written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parsed = Operator::parse("ForAnyValue:StringNotLikeIfExists");
        let expected = Operator { quantifier: Quantifier::Any, comparison: StringLike, sense: Different, if_exists: true };
        assert_eq!(parsed, Some(expected));
        assert_eq!(Operator::parse("foranyvalue:stringnotlikeifexists"), parsed);
        for name in ["StringEqual", "ForSome:StringEquals", "NullIfExists", "IfExists", "StringEqualsIfExistsIfExists", ""] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
        assert!(Operator::names().all(|name| Operator::parse(name).is_some()));
    }
}
