//! Exchanged names, with hand-made contents.

use super::*;

/// OUs by key, each with its desired contents, and live ones by id, each with its live contents: accounts in lower case, policies in
/// upper case.
struct Case {
    wanted: Vec<(Address, &'static str)>,
    there: Vec<(&'static str, &'static str)>,
}

impl Case {
    /// `wanted` and `there` are sorted by name: the first of one has the same name as the first of the other.
    fn new(wanted: &[(&str, &'static str)], there: &[(&'static str, &'static str)]) -> Self {
        Self { wanted: wanted.iter().map(|(key, holds)| (Address::new("ou", *key), *holds)).collect(), there: there.to_vec() }
    }

    /// Which live one is which desired one, and whose tags matter. `tags` has the keys in the tags of those whose tags were read.
    fn exchanged(&self, tags: &[(&str, &str)]) -> (Vec<(String, String)>, Vec<&str>) {
        let wanted = self.wanted.iter().map(|(address, holds)| (address, things(holds))).collect();
        let there = self.there.iter().map(|(id, holds)| (*id, things(holds))).collect();
        let mut ids: Ids<'_> = self.wanted.iter().zip(&self.there).map(|((address, _), (id, _))| (address, *id)).collect();
        let tagged = |id: &str| {
            let (_, key) = tags.iter().find(|(tagged, _)| *tagged == id)?;
            self.wanted.iter().map(|(address, _)| address).find(|address| address.key() == *key)
        };
        let doubtful = Holdings { wanted, there }.exchange(&mut ids, tagged);
        let ids = ids.into_iter().map(|(address, id)| (address.key().to_owned(), id.to_owned())).collect();
        (ids, doubtful.into_iter().collect())
    }

    fn check(&self, tags: &[(&str, &str)], ids: &[(&str, &str)], doubtful: &[&str]) {
        let ids: Vec<(String, String)> = ids.iter().map(|(key, id)| ((*key).to_owned(), (*id).to_owned())).collect();
        assert_eq!(self.exchanged(tags), (ids, doubtful.to_vec()));
    }
}

fn things(holds: &'static str) -> Things<'static> {
    let thing = |(at, letter): (usize, char)| match letter.is_lowercase() {
        true => Thing::Account(&holds[at..=at]),
        false => Thing::Policy(&holds[at..=at]),
    };
    holds.char_indices().map(thing).collect()
}

#[test]
fn tags_are_asked_for_step_by_step_and_close_the_circle() {
    let case = Case::new(&[("a", "xP"), ("b", "yP")], &[("1", "yP"), ("2", "xP")]);
    case.check(&[], &[("a", "1"), ("b", "2")], &["1", "2"]);
    case.check(&[("1", "b"), ("2", "a")], &[("a", "2"), ("b", "1")], &["1", "2"]);
    // If one is empty, the first tag leads to the second one.
    let case = Case::new(&[("a", "x"), ("b", ""), ("c", "")], &[("1", ""), ("2", "x"), ("3", "")]);
    case.check(&[], &[("a", "1"), ("b", "2"), ("c", "3")], &["2"]);
    case.check(&[("2", "a")], &[("a", "1"), ("b", "2"), ("c", "3")], &["1", "2"]);
    case.check(&[("2", "a"), ("1", "c")], &[("a", "1"), ("b", "2"), ("c", "3")], &["1", "2", "3"]);
    case.check(&[("2", "a"), ("1", "c"), ("3", "b")], &[("a", "2"), ("b", "3"), ("c", "1")], &["1", "2", "3"]);
}

#[test]
fn what_our_tags_do_not_say_goes_by_its_name() {
    let case = Case::new(&[("a", "x"), ("b", "y")], &[("1", "y"), ("2", "x")]);
    let by_name = [("a", "1"), ("b", "2")];
    // The accounts move; or one of the two is unmanaged; or the cycle does not close.
    for tags in [[("1", "a"), ("2", "b")].as_slice(), &[("1", "b")], &[("1", "b"), ("2", "b")]] {
        case.check(tags, &by_name, &["1", "2"]);
    }
}

#[test]
fn nothing_is_in_doubt_where_an_ou_holds_most_of_what_it_is_to_hold() {
    let by_name = [("a", "1"), ("b", "2")];
    for (a, b, first, second) in
        [("x", "y", "x", "y"), ("xv", "yw", "yv", "xw"), ("xQ", "yP", "xP", "yQ"), ("", "x", "Z", "x"), ("P", "P", "", "P")]
    {
        let case = Case::new(&[("a", a), ("b", b)], &[("1", first), ("2", second)]);
        // Whatever old tags say.
        case.check(&[("1", "b"), ("2", "a")], &by_name, &[]);
    }
    // Without accounts, policies count.
    Case::new(&[("a", "Q"), ("b", "P")], &[("1", "P"), ("2", "Q")]).check(
        &[("1", "b"), ("2", "a")],
        &[("a", "2"), ("b", "1")],
        &["1", "2"],
    );
}

#[test]
fn old_tags_do_not_make_more_things_go() {
    // Three of four are where they should be by their names; the one account of `b` is in `a`'s.
    let case = Case::new(&[("a", "xyz"), ("b", "v"), ("c", "w")], &[("1", "xyz"), ("2", "w"), ("3", "v")]);
    case.check(&[("1", "b"), ("2", "c"), ("3", "a")], &[("a", "1"), ("b", "2"), ("c", "3")], &["1", "2", "3"]);
}
