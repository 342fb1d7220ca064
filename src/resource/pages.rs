//! Paginated lists: shared by the readers of all families.

use std::collections::BTreeSet;

use crate::aws::{AwsResult, Error};

/// All items of all pages; even the list of the one root may start with an empty page.
pub(crate) async fn every_page<T, F>(id: impl Fn(&T) -> Option<&str>, ask: impl Fn(Option<String>) -> F) -> AwsResult<Vec<T>>
where
    F: Future<Output = AwsResult<(Option<Vec<T>>, Option<String>)>>,
{
    Ok(follow(id, ask).await?.0)
}

/// The same, for lists whose half must not be mistaken for the whole.
///
/// # Errors
/// A page could not be read, or the pages repeat.
pub(crate) async fn whole_list<T, F>(
    operation: &str,
    id: impl Fn(&T) -> Option<&str>,
    ask: impl Fn(Option<String>) -> F,
) -> AwsResult<Vec<T>>
where
    F: Future<Output = AwsResult<(Option<Vec<T>>, Option<String>)>>,
{
    match follow(id, ask).await? {
        (_, true) => Err(circle(operation)),
        (all, false) => Ok(all),
    }
}

/// The error of an endless list: missing items would be created again, or their contents overlooked.
pub(crate) fn circle(operation: &str) -> Error {
    Error::Failed {
        message: format!("the pages of {operation} repeat, so the list is incomplete"),
        hint: Some("run this again; if it stays so, call the support of AWS".to_owned()),
    }
}

/// All items, and whether the chain of pages was cut off.
async fn follow<T, F>(id: impl Fn(&T) -> Option<&str>, ask: impl Fn(Option<String>) -> F) -> AwsResult<(Vec<T>, bool)>
where
    F: Future<Output = AwsResult<(Option<Vec<T>>, Option<String>)>>,
{
    let (mut all, mut pages, mut token) = (Vec::new(), Pages::default(), None);
    loop {
        let (items, next) = ask(token).await?;
        let items = items.unwrap_or_default();
        token = pages.next(items.iter().filter_map(&id), next.as_deref());
        all.extend(items);
        if token.is_none() {
            return Ok((all, pages.is_cut()));
        }
    }
}

/// The guard of one chain of pages. AWS ends every chain, though a page may be empty and still have a successor. An endpoint that never
/// ends one (moto's ListCreateAccountStatus) must not hang the run.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    tokens: BTreeSet<String>,
    items: BTreeSet<String>,
    stale: u16,
    empty: u16,
    cut: bool,
}

impl Pages {
    /// So many consecutive pages with only known items end the chain. A single one may come from a list that changed meanwhile.
    const STALE_PAGES: u16 = 3;

    /// The same for empty pages, which AWS does send: a filter may skip all of the 10,000 possible policies.
    const EMPTY_PAGES: u16 = 10_000 / 20;

    /// The token of the page after one that contained `items` and named `token`; `None` at the end.
    pub(crate) fn next<'a>(&mut self, items: impl IntoIterator<Item = &'a str>, token: Option<&str>) -> Option<String> {
        let mut seen = items.into_iter().map(|item| self.items.insert(item.to_owned())).collect::<Vec<_>>();
        seen.dedup();
        (self.stale, self.empty) = match seen.as_slice() {
            [] => (self.stale, self.empty.saturating_add(1)),
            [false] => (self.stale.saturating_add(1), 0),
            _ => (0, 0),
        };
        let token = token.filter(|token| !token.is_empty())?;
        // A repeated page names the same successor as before: then everything is known.
        let again = !self.tokens.insert(token.to_owned());
        self.cut = again && seen.contains(&true);
        (!again && self.stale < Self::STALE_PAGES && self.empty < Self::EMPTY_PAGES).then(|| token.to_owned())
    }

    /// Whether the chain was ended before the service ended it, which may cut off a part of the list.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end_when_the_service_says_so_or_repeats_itself() {
        let mut pages = Pages::default();
        assert_eq!(pages.next(["a"], Some("1")), Some("1".to_owned()));
        assert_eq!(pages.next([], Some("2")), Some("2".to_owned()), "an empty page may have a successor");
        assert_eq!(pages.next(["b"], Some("1")), None, "a token came twice");
        assert_eq!(Pages::default().next(["a"], None), None);
        assert_eq!(Pages::default().next(["a"], Some("")), None);
    }

    #[test]
    fn a_chain_that_is_ended_before_all_is_known_says_so() {
        let mut pages = Pages::default();
        pages.next(["a"], Some("1"));
        assert!(!pages.is_cut());
        pages.next(["b"], Some("1"));
        assert!(pages.is_cut(), "the page after would be this one again");
        let mut pages = Pages::default();
        while pages.next(["a"], Some("1")).is_some() {}
        assert!(!pages.is_cut(), "the page repeats itself");
    }

    #[test]
    fn pages_end_when_new_tokens_bring_old_items() {
        let mut pages = Pages::default();
        let followed = (0..100).take_while(|n| pages.next(["a", "b"], Some(&n.to_string())).is_some()).count();
        assert_eq!(followed, 3);
        let mut pages = Pages::default();
        assert_eq!((0..100).take_while(|n| pages.next([format!("{n}").as_str()], Some(&n.to_string())).is_some()).count(), 100);
    }
}
