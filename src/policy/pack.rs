//! Packing: splits a document that is too long, and merges a set of more policies than a target takes. Pure.
//!
//! AWS unites the statements of all documents that are attached to one level. So statements can move freely between the documents of a level,
//! and a statement with a list of actions or resources equals several statements that share the list. A negated list cannot be split:
//! `NotAction` of two halves matches everything.
//!
//! `config` packs documents and sets over AWS's limits before anything is compared. The rest of overlord treats them as ordinary policies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document::Document;

/// What a target has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Characters of a document.
    pub size: usize,
    /// Documents.
    pub count: usize,
}

/// Why something cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpackable {
    /// A statement has more characters than a document takes, and cannot be cut.
    Statement {
        /// How people call it.
        title: String,
        /// Characters of a document that has nothing else.
        size: usize,
    },
    /// Packed as tightly as can be, it is more documents than there is room for.
    Count {
        /// So many.
        documents: usize,
        /// Characters of all of them.
        characters: usize,
    },
}

/// Where a statement comes from, all from 0. The halves of one that was cut are of one origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The member of the set.
    pub member: usize,
    /// Which of its documents.
    pub part: usize,
    /// The statement's number there.
    pub statement: usize,
}

/// A packed document, and the origin of each of its statements, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// It fits.
    pub document: Document,
    /// One for each statement.
    pub origins: Vec<Origin>,
}

/// A set that fits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Packed {
    /// The unmerged documents: member of the set, and part of the member, from 0.
    pub alone: Vec<(usize, usize)>,
    /// What was merged, by number, from 1. A member that comes to a set leaves the others under their numbers, as long as sizes allow.
    pub merged: BTreeMap<usize, Part>,
}

/// Cuts a document into parts of at most `size` characters each. One that fits is its own only part.
///
/// A statement is cut only when it fits nowhere whole, so that statements that change shift few others.
///
/// # Errors
/// A statement is too long and has no list that can be shared out.
pub fn split(document: &Document, size: usize) -> Result<Vec<Part>, Unpackable> {
    let whole = Unit::of(document, 0, 0);
    if document.size() <= size {
        return Ok(vec![Part { document: document.clone(), origins: whole.origins() }]);
    }
    let mut pieces = Vec::new();
    for (origin, statement) in &whole.statements {
        pieces.extend(cut(statement, origin.statement, whole.frame(), size)?.into_iter().map(|piece| (*origin, piece)));
    }
    let mut parts: Vec<Unit> = Vec::new();
    for (origin, statement) in pieces {
        let length = length(&statement);
        match parts.last_mut() {
            // The document may have its Sid already, from another part of the same statement.
            Some(last) if last.size() + 1 + length + SID_SUFFIX <= size => last.push(origin, statement, length),
            Some(_) | None => parts.push(Unit { statements: Vec::new(), length: 0, ..whole.clone() }.with(origin, statement, length)),
        }
    }
    Ok(parts.into_iter().map(Unit::part).collect())
}

/// Makes a set fit: as few of its documents as need be are merged, the last ones first, so that the set can grow and what was merged
/// stays together. `members` are the documents of each policy, in the order of their keys; each document fits by itself.
///
/// # Errors
/// There is no room, however they are merged.
pub fn pack(members: &[Vec<Document>], room: Room) -> Result<Packed, Unpackable> {
    let of_member = |(member, parts): (usize, &Vec<Document>)| -> Vec<Unit> {
        parts.iter().enumerate().map(|(part, document)| Unit::of(document, member, part)).collect()
    };
    let units: Vec<Unit> = members.iter().enumerate().flat_map(of_member).collect();
    // To merge one alone makes no room.
    let fewest = if units.len() > room.count { units.len() - room.count + 1 } else { 0 };
    for merging in fewest..=units.len() {
        let (alone, tail) = units.split_at_checked(units.len() - merging).unwrap_or((&units, &[]));
        let bins = fill(tail, room.size);
        if alone.len() + bins.len() <= room.count {
            let (single, merged): (Vec<_>, Vec<_>) = (1..).zip(bins).partition(|(_, bin)| bin.len() == 1);
            let mut alone: Vec<(usize, usize)> =
                alone.iter().chain(single.iter().flat_map(|(_, bin)| bin)).map(|unit| (unit.member, unit.part)).collect();
            alone.sort_unstable();
            return Ok(Packed { alone, merged: merged.iter().map(|(number, bin)| (*number, merge(bin))).collect() });
        }
    }
    let tight = tightly(&units, room.size);
    match tight.len() <= room.count {
        true => Ok(Packed { alone: Vec::new(), merged: (1..).zip(tight).collect() }),
        false => Err(Unpackable::Count { documents: tight.len(), characters: tight.iter().map(|part| part.document.size()).sum() }),
    }
}

/// A parsed document.
#[derive(Debug, Clone)]
struct Unit {
    member: usize,
    part: usize,
    /// What its `Version` says. Documents of another one cannot be merged: only in the newer one `${…}` is a variable.
    version: Option<Value>,
    statements: Vec<(Origin, Value)>,
    /// Characters of the statements and the commas between them.
    length: usize,
}

impl Unit {
    fn of(document: &Document, member: usize, part: usize) -> Self {
        let value = document.canonical();
        let listed = value.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut unit = Self { member, part, version: value.get("Version").cloned(), statements: Vec::new(), length: 0 };
        for (statement, value) in listed.into_iter().enumerate() {
            let length = length(&value);
            unit.push(Origin { member, part, statement }, value, length);
        }
        unit
    }

    fn push(&mut self, origin: Origin, statement: Value, length: usize) {
        self.length += length + usize::from(!self.statements.is_empty());
        self.statements.push((origin, statement));
    }

    fn with(mut self, origin: Origin, statement: Value, length: usize) -> Self {
        self.push(origin, statement, length);
        self
    }

    /// Characters of a document of that version without statements.
    fn frame(&self) -> usize {
        length(&document_of(self.version.as_ref(), Vec::new()))
    }

    fn size(&self) -> usize {
        self.frame() + self.length
    }

    fn origins(&self) -> Vec<Origin> {
        self.statements.iter().map(|(origin, _)| *origin).collect()
    }

    fn part(self) -> Part {
        let (origins, mut statements): (Vec<Origin>, Vec<Value>) = self.statements.into_iter().unzip();
        unique_sids(&mut statements);
        Part { document: Document::of_canonical(document_of(self.version.as_ref(), statements)), origins }
    }
}

fn document_of(version: Option<&Value>, statements: Vec<Value>) -> Map<String, Value> {
    let version = version.map(|version| ("Version".to_owned(), version.clone()));
    version.into_iter().chain([("Statement".to_owned(), Value::Array(statements))]).collect()
}

/// Characters without white space.
fn length(value: &(impl serde::Serialize + ?Sized)) -> usize {
    json!(value).to_string().chars().count()
}

/// First fit, from the last to the first: earlier documents take no room from later ones.
fn fill(units: &[Unit], size: usize) -> Vec<Vec<Unit>> {
    let mut bins: Vec<(usize, Vec<Unit>)> = Vec::new();
    for unit in units.iter().rev() {
        // A Sid may become longer if it occurs twice.
        let needs = unit.length + 1 + unit.statements.len() * SID_SUFFIX;
        let fits = |(taken, bin): &&mut (usize, Vec<Unit>)| {
            bin.first().is_some_and(|first| first.version == unit.version) && *taken + needs <= size
        };
        match bins.iter_mut().find(fits) {
            Some((taken, bin)) => {
                *taken += needs;
                bin.insert(0, unit.clone());
            }
            None => bins.push((unit.frame() + needs, vec![unit.clone()])),
        }
    }
    bins.into_iter().map(|(_, bin)| bin).collect()
}

fn merge(bin: &[Unit]) -> Part {
    let version = bin.first().and_then(|first| first.version.clone());
    let mut all = Unit { member: 0, part: 0, version, statements: Vec::new(), length: 0 };
    for (origin, statement) in bin.iter().flat_map(|unit| &unit.statements) {
        all.push(*origin, statement.clone(), 0);
    }
    all.part()
}

/// Statement by statement: for a set that fits only when no document keeps room to spare.
fn tightly(units: &[Unit], size: usize) -> Vec<Part> {
    let empty = |unit: &Unit| Unit { statements: Vec::new(), length: 0, ..unit.clone() };
    let single = |unit: &Unit, (origin, statement): &(Origin, Value)| empty(unit).with(*origin, statement.clone(), length(statement));
    let singles: Vec<Unit> =
        units.iter().flat_map(|unit| unit.statements.iter().map(|one| single(unit, one)).collect::<Vec<_>>()).collect();
    fill(&singles, size).iter().map(|bin| merge(bin)).collect()
}

/// Characters that [`unique_sids`] adds to a Sid at most.
const SID_SUFFIX: usize = 4;

/// Sids are to be unique within a document; those of two policies need not differ. A number makes them.
fn unique_sids(statements: &mut [Value]) {
    let sid = |statement: &Value| statement.get("Sid").and_then(Value::as_str).map(str::to_owned);
    let mut taken: BTreeSet<String> = statements.iter().filter_map(sid).collect();
    let mut seen = BTreeSet::new();
    for statement in statements {
        let Some(own) = sid(statement) else { continue };
        if !seen.insert(own.clone())
            && let Some(free) = (2..10_000).map(|n| format!("{own}{n}")).find(|new| taken.insert(new.clone()))
        {
            statement["Sid"] = Value::from(free);
        }
    }
}

/// The lists of a statement that can be split: the statement matches any item of them.
const LISTS: [&str; 2] = ["Action", "Resource"];

/// A statement as several that each fit into a document by itself.
fn cut(statement: &Value, index: usize, frame: usize, size: usize) -> Result<Vec<Value>, Unpackable> {
    let whole = frame + length(statement);
    if whole <= size {
        return Ok(vec![statement.clone()]);
    }
    let list = |key: &&str| statement.get(*key).and_then(Value::as_array).filter(|list| list.len() > 1);
    let longest = LISTS.iter().filter_map(|key| Some((*key, list(key)?))).max_by_key(|(_, list)| length(*list));
    let Some((key, items)) = longest else {
        let title = statement.get("Sid").and_then(Value::as_str).map_or_else(|| format!("statement {}", index + 1), str::to_owned);
        return Err(Unpackable::Statement { title, size: whole });
    };
    let with = |items: Vec<Value>| {
        let mut piece = statement.clone();
        if let Some(list) = piece.get_mut(key) {
            *list = match <[Value; 1]>::try_from(items) {
                Ok([lone]) => lone,
                Err(items) => Value::Array(items),
            };
        }
        piece
    };
    // Two brackets are in the frame already, and of each item its comma.
    let empty = frame + length(&with(Vec::new()));
    let (mut pieces, mut taken, mut filled) = (Vec::new(), Vec::new(), empty);
    for item in items {
        let length = length(item) + 1;
        if !taken.is_empty() && filled + length - 1 > size {
            pieces.push(with(std::mem::take(&mut taken)));
            filled = empty;
        }
        taken.push(item.clone());
        filled += length;
    }
    pieces.push(with(taken));
    // One item may be too long together with the other list.
    Ok(pieces.iter().map(|piece| cut(piece, index, frame, size)).collect::<Result<Vec<_>, _>>()?.concat())
}

#[cfg(test)]
mod tests;
