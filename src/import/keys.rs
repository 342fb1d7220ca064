//! Keys: the names of things in org.toml. They are derived from display names, so that a second import makes the same keys. They are unique
//! regardless of case, since policies are files and some file systems ignore case.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::LIMITS;
use crate::resource::Kind;
use crate::resource::organizations::{OrganizationalUnit, World};

/// Something that needs a key.
pub(super) struct Candidate<'w> {
    /// AWS's id.
    pub id: &'w str,
    /// Keys that would do, the best first. An empty one is none.
    pub wishes: Vec<String>,
    /// The name of its kind, if its own name has no usable characters.
    pub kind: &'static str,
}

/// A key for each. If several want the same key, none gets it: each takes its next candidate, and finally a part of its id.
pub(super) fn choose<'w>(candidates: Vec<Candidate<'w>>, reserved: &[&str]) -> BTreeMap<&'w str, String> {
    let mut taken: BTreeSet<String> = reserved.iter().map(|word| word.to_ascii_lowercase()).collect();
    let mut chosen = BTreeMap::new();
    let mut waiting = candidates;
    let rounds = waiting.iter().map(|candidate| candidate.wishes.len()).max().unwrap_or_default();
    for round in 0..rounds {
        let wish = |candidate: &Candidate<'w>| candidate.wishes.get(round).filter(|wish| !wish.is_empty()).cloned();
        let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
        for wish in waiting.iter().filter_map(wish) {
            *wanted.entry(wish.to_ascii_lowercase()).or_default() += 1;
        }
        let mut next = Vec::new();
        for candidate in waiting {
            match wish(&candidate) {
                Some(key) if wanted.get(&key.to_ascii_lowercase()) == Some(&1) && taken.insert(key.to_ascii_lowercase()) => {
                    chosen.insert(candidate.id, key);
                }
                Some(_) | None => next.push(candidate),
            }
        }
        waiting = next;
    }
    for Candidate { id, wishes, kind } in waiting {
        let name = wishes.iter().find(|wish| !wish.is_empty()).map_or(kind, String::as_str);
        let base = format!("{name}-{}", id.rsplit('-').next().unwrap_or(id));
        let mut key = base.clone();
        let mut number = 2;
        while !taken.insert(key.to_ascii_lowercase()) {
            key = format!("{base}-{number}");
            number += 1;
        }
        chosen.insert(id, key);
    }
    chosen
}

/// A name as a key: as it is where it can be one, else in small letters with hyphens. Empty when nothing of it is left.
pub(super) fn slug(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        return name.to_owned();
    }
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match latin(c) {
            Some(letters) => slug.push_str(letters),
            None if plain(c) => slug.push(c),
            // One hyphen for everything between two words.
            None if slug.ends_with('-') => {}
            None => slug.push('-'),
        }
    }
    slug.trim_matches('-').to_owned()
}

/// The usual transcription of the letters of western European languages. Others have none that all their readers would agree on.
fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ç' => "c",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ù' | 'ú' | 'û' => "u",
        'ý' | 'ÿ' => "y",
        _ => return None,
    })
}

/// The key that overlord gave it, as its tag says, if its tags were read.
pub(super) fn tagged<K: Kind>(world: &World, id: &str) -> String {
    let key = world.address_tag(id).and_then(|tag| tag.strip_prefix(K::SPEC.kind)?.strip_prefix('.'));
    key.filter(|key| slug(key) == **key).unwrap_or_default().to_owned()
}

/// The keys of the OUs. OUs with equal names are distinguished by their parents.
pub(super) fn units(world: &World) -> BTreeMap<&str, String> {
    let candidates = world.units.iter().map(|(id, unit)| {
        let mut wishes = vec![tagged::<OrganizationalUnit>(world, id), slug(&unit.name)];
        let above = std::iter::successors(world.units.get(&unit.parent), |unit| world.units.get(&unit.parent));
        for unit in above.take(LIMITS.quotas.ou_depth) {
            match (wishes.last().map(String::as_str).unwrap_or_default(), slug(&unit.name)) {
                ("", _) => break,
                (below, above) => wishes.push(format!("{above}-{below}").trim_start_matches('-').to_owned()),
            }
        }
        Candidate { id, wishes, kind: OrganizationalUnit::SPEC.kind }
    });
    choose(candidates.collect(), &["root"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (name, expected) in [
            ("hipaa", "hipaa"),
            ("Log_Archive-1", "Log_Archive-1"),
            ("Payments (PCI)", "payments-pci"),
            ("a/b \"c\" 'd'", "a-b-c-d"),
            ("Zürich & Genève", "zuerich-geneve"),
            ("-x-", "x"),
            ("日本", ""),
            ("日本 prod", "prod"),
        ] {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    fn check(candidates: &[(&'static str, &[&str])], expected: &[(&str, &str)]) {
        let candidates = candidates.iter().map(|(id, wishes)| Candidate {
            id,
            wishes: wishes.iter().map(|wish| (*wish).to_owned()).collect(),
            kind: "ou",
        });
        let chosen = choose(candidates.collect(), &["root"]);
        let chosen: Vec<(&str, &str)> = chosen.iter().map(|(id, key)| (*id, key.as_str())).collect();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn who_wants_the_same_gets_something_else() {
        check(
            &[("x-1", &["prod", "a-prod"]), ("x-2", &["Prod", "b-prod"]), ("x-3", &["a-prod"]), ("x-4", &["Root"]), ("x-5", &[""])],
            &[("x-1", "prod-1"), ("x-2", "b-prod"), ("x-3", "a-prod"), ("x-4", "Root-4"), ("x-5", "ou-5")],
        );
    }

    #[test]
    fn an_id_that_is_a_name_too_is_no_clash() {
        check(&[("x-1", &["a"]), ("x-2", &["a"]), ("x-3", &["a-1"])], &[("x-1", "a-1-2"), ("x-2", "a-2"), ("x-3", "a-1")]);
    }
}
