//! Describe: ids, filters and pages, the same for every kind.

use serde_json::{Map, Value};

use super::Ask;
use super::kinds::Kind;
use crate::sandbox::input::{Input, bad_value};
use crate::sandbox::token::Position;
use crate::sandbox::wire::{Outcome, Refusal};

/// AWS's largest page, and what a request without MaxResults gets.
const PAGE: usize = 1_000;

/// How a kind is listed.
pub(super) struct Listing {
    pub kind: Kind,
    /// The list's name in the answer: `vpcSet`.
    pub set: &'static str,
    /// The parameter with ids: `VpcId`.
    pub ids: &'static str,
    /// Filters by name, with the path of their value in an item: `attachmentSet/vpcId`. Tag filters are always supported.
    pub filters: &'static [(&'static str, &'static str)],
}

/// A filter of a request.
struct Filter<'a> {
    /// The path of the value in an item; a tag otherwise.
    place: Result<&'static str, &'a str>,
    values: Vec<&'a str>,
}

impl Filter<'_> {
    fn admits(&self, item: &Value) -> bool {
        let mut found = Vec::new();
        match self.place {
            Ok(path) => collect(item, path, &mut found),
            Err(key) => {
                let tags = item.get("tagSet").and_then(Value::as_array).into_iter().flatten();
                let tag = tags.filter(|tag| tag.get("key").and_then(Value::as_str) == Some(key)).filter_map(|tag| tag.get("value"));
                found.extend(tag.filter_map(Value::as_str).map(str::to_owned));
            }
        }
        found.iter().any(|found| self.values.iter().any(|wanted| matches(wanted.as_bytes(), found.as_bytes())))
    }
}

/// All values at a path, through lists.
fn collect(value: &Value, path: &str, found: &mut Vec<String>) {
    if let Value::Array(items) = value {
        return items.iter().for_each(|item| collect(item, path, found));
    }
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match (value, first) {
        (Value::String(text), "") => found.push(text.clone()),
        (Value::Bool(_) | Value::Number(_), "") => found.push(value.to_string()),
        _ => {
            if let Some(inner) = value.get(first) {
                collect(inner, rest, found);
            }
        }
    }
}

/// Whether a text has the form of a filter's value: `*` is any text, `?` any character.
fn matches(wanted: &[u8], text: &[u8]) -> bool {
    match (wanted.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', wanted_rest)), _) => {
            matches(wanted_rest, text) || text.split_first().is_some_and(|(_, text_rest)| matches(wanted, text_rest))
        }
        (Some((b'?', wanted_rest)), Some((_, text_rest))) => matches(wanted_rest, text_rest),
        (Some((a, wanted_rest)), Some((b, text_rest))) => a == b && matches(wanted_rest, text_rest),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn filters<'a>(ask: &Ask<'a>, known: &[(&'static str, &'static str)]) -> Result<Vec<Filter<'a>>, Refusal> {
    let read = |filter: Input<'a>| {
        let name = filter.text("Name")?;
        let place = match name.strip_prefix("tag:") {
            Some(key) => Err(key),
            None if name == "tag-key" => Ok("tagSet/key"),
            None => {
                let place = known.iter().find(|(other, _)| *other == name).map(|(_, place)| *place);
                Ok(place.ok_or_else(|| Refusal::new("InvalidParameterValue", format!("The filter '{name}' is invalid")))?)
            }
        };
        Ok(Filter { place, values: filter.texts("Value") })
    };
    let mut filters: Vec<Filter<'a>> = ask.input.items("Filter").map(read).collect::<Result<_, _>>()?;
    filters.retain(|filter| !ask.ignores_tags || filter.place.is_ok_and(|place| place != "tagSet/key"));
    Ok(filters)
}

/// Answers a Describe: `keys` in order, `show` an item, or `None` to leave it out.
pub(super) fn list<'r>(
    ask: &Ask<'_>,
    listing: &Listing,
    keys: impl Iterator<Item = &'r String>,
    show: impl Fn(&'r str) -> Option<Value>,
) -> Outcome {
    let ids = ask.input.texts(listing.ids);
    let filters = filters(ask, listing.filters)?;
    let size = match ask.input.number::<usize>("MaxResults")? {
        Some(_) if !ids.is_empty() => {
            let message = format!("The parameter {} cannot be used with the parameter MaxResults", listing.ids);
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        // The models of some lists say nothing of its bounds.
        Some(size) if !(5..=PAGE).contains(&size) => return Err(bad_value("maxResults", &size.to_string())),
        Some(size) => size,
        None => PAGE,
    };
    let token = ask.input.get("NextToken");
    let bad_token = |token| Refusal::new("InvalidNextToken", format!("The token '{token}' is invalid"));
    let Position { after, empty } = match token {
        None => Position::default(),
        Some(token) => Position::read(token, listing.set).ok_or_else(|| bad_token(token))?,
    };
    let mut shown: Vec<&str> = Vec::new();
    let mut items = Vec::new();
    let mut next = None;
    if ask.empty_page && ids.is_empty() {
        next = Some(Position { after, empty: empty + 1 }.token(listing.set));
    } else {
        let wanted = |key: &&'r String| key.as_str() > after.as_str() && (ids.is_empty() || ids.contains(&key.as_str()));
        for key in keys.filter(wanted) {
            let Some(item) = show(key) else { continue };
            if !filters.iter().all(|filter| filter.admits(&item)) {
                shown.push(key);
                continue;
            }
            if items.len() == size {
                let last = shown.last().map(|key| (*key).to_owned()).unwrap_or_default();
                next = Some(Position { after: last, empty: 0 }.token(listing.set));
                break;
            }
            shown.push(key);
            items.push(item);
        }
    }
    if let Some(missing) = ids.iter().find(|id| !shown.contains(id)) {
        return Err(listing.kind.missing(missing));
    }
    let mut output = Map::from_iter([(listing.set.to_owned(), Value::Array(items))]);
    if let Some(next) = next {
        output.insert("nextToken".to_owned(), next.into());
    }
    Ok(Value::Object(output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let check = |wanted: &str, text: &str| matches(wanted.as_bytes(), text.as_bytes());
        assert!(check("a*c", "abbc") && check("a?c", "abc") && check("*", "") && check("vpc-1", "vpc-1"));
        assert!(!check("a*c", "abb") && !check("a?c", "ac") && !check("vpc-1", "vpc-12"));
    }
}
