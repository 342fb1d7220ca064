//! Pagination: at most 20 items per page, opaque tokens, and empty pages before the last one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde_json::{Map, Value};

use super::{Ask, invalid};
use crate::sandbox::token::Position;
use crate::sandbox::wire::Outcome;

/// AWS's largest page, and what a request without MaxResults gets.
const PAGE: usize = 20;

/// Keys after a given one, in order.
pub(super) type Keys<'w> = Box<dyn Iterator<Item = &'w str> + 'w>;

/// The keys of a map after `after`.
pub(super) fn map_keys<'w, V>(map: &'w BTreeMap<String, V>, after: &str) -> Keys<'w> {
    Box::new(map.range::<str, _>((Bound::Excluded(after), Bound::Unbounded)).map(|(key, _)| key.as_str()))
}

/// The members of a set after `after`.
pub(super) fn set_keys<'w>(set: &'w BTreeSet<String>, after: &str) -> Keys<'w> {
    Box::new(set.range::<str, _>((Bound::Excluded(after), Bound::Unbounded)).map(String::as_str))
}

/// One page of the list `field`: `keys` gives what comes after a key, `show` an item, or `None` to leave it out.
pub(super) fn page<'w>(
    ask: &Ask<'w>,
    field: &str,
    keys: impl FnOnce(&str) -> Keys<'w>,
    show: impl Fn(&'w str) -> Option<Value>,
) -> Outcome {
    let size = ask.input.number("MaxResults")?.unwrap_or(PAGE);
    let bad_token = || invalid("INVALID_NEXT_TOKEN", "The NextToken is not one that this list gave.");
    let Position { after, empty } = match ask.input.get("NextToken") {
        None => Position::default(),
        Some(token) => Position::read(token, field).ok_or_else(bad_token)?,
    };
    let mut items = Vec::new();
    let mut next = None;
    if ask.empty_page {
        next = Some(Position { after, empty: empty + 1 }.token(field));
    } else {
        let mut last = "";
        for key in keys(&after) {
            let Some(item) = show(key) else { continue };
            if items.len() == size {
                next = Some(Position { after: last.to_owned(), empty: 0 }.token(field));
                break;
            }
            items.push(item);
            last = key;
        }
    }
    let mut output = Map::from_iter([(field.to_owned(), Value::Array(items))]);
    if let Some(next) = next {
        output.insert("NextToken".to_owned(), next.into());
    }
    Ok(Value::Object(output))
}
