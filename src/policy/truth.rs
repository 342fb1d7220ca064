//! Three-valued logic: true, false and unknown.

use std::ops::Not;

/// True, false or unknown (Kleene's strong logic): an unknown that cannot change the answer does not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It is not so.
    False,
    /// It hinges on something unknown.
    Unknown,
    /// It is so.
    True,
}

impl Truth {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// At least one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// At least one of them; of none, false.
    pub fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut found = Self::False;
        for truth in truths {
            found = found.or(truth);
            if found == Self::True {
                break;
            }
        }
        found
    }

    /// All of them; of none, true.
    pub fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut found = Self::True;
        for truth in truths {
            found = found.and(truth);
            if found == Self::False {
                break;
            }
        }
        found
    }

    /// What all of them say, or that they differ. Of none, unknown.
    pub(super) fn agreed(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut truths = truths.into_iter();
        let first = truths.next().unwrap_or(Self::Unknown);
        if truths.all(|truth| truth == first) { first } else { Self::Unknown }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, False, True, Unknown};

    const ALL: [Truth; 3] = [False, Unknown, True];

    /// What a value may turn out to be.
    fn worlds(truth: Truth) -> Vec<bool> {
        match truth {
            False => vec![false],
            Unknown => vec![false, true],
            True => vec![true],
        }
    }

    fn summed_up(outcomes: &[bool]) -> Truth {
        match (outcomes.contains(&false), outcomes.contains(&true)) {
            (true, true) => Unknown,
            (_, all) => all.into(),
        }
    }

    #[test]
    fn each_answer_is_that_of_all_worlds() {
        for a in ALL {
            assert_eq!(!a, summed_up(&worlds(a).into_iter().map(|a| !a).collect::<Vec<_>>()));
            for b in ALL {
                let pairs: Vec<(bool, bool)> = worlds(a).into_iter().flat_map(|a| worlds(b).into_iter().map(move |b| (a, b))).collect();
                assert_eq!(a.and(b), summed_up(&pairs.iter().map(|(a, b)| *a && *b).collect::<Vec<_>>()));
                assert_eq!(a.or(b), summed_up(&pairs.iter().map(|(a, b)| *a || *b).collect::<Vec<_>>()));
                assert_eq!(Truth::any([a, b]), a.or(b));
                assert_eq!(Truth::all([a, b]), a.and(b));
            }
        }
        assert_eq!(
            (Truth::any([]), Truth::all([]), Truth::agreed([True, True]), Truth::agreed([True, False])),
            (False, True, True, Unknown)
        );
    }
}
