//! The order in which the policies of one target are attached and detached. Pure.
//!
//! Attach first, then detach. So the target is never without a policy of a type, and a guardrail is attached before the one that it
//! replaces is detached. If a type has no room for that, one of the policies that are to be detached anyway is detached first.

use std::collections::{BTreeMap, BTreeSet};

/// The attachments of each type that could run out of room, and the limit of each type.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rooms {
    /// The type of each policy to attach, by id. A missing one has no limit.
    pub types: BTreeMap<String, String>,
    /// By type.
    pub rooms: BTreeMap<String, Room>,
}

/// One type's attachments at the target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Room {
    /// The ids.
    pub attached: BTreeSet<String>,
    /// How many are allowed.
    pub limit: usize,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Attach(&'a str),
    Detach(&'a str),
}

/// The calls in order: each id of `attach` and `detach` once.
pub(super) fn steps<'a>(attach: &'a [String], detach: &'a [String], mut rooms: Rooms) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    let mut leaving = detach.iter().collect::<Vec<_>>();
    for policy in attach {
        if let Some(room) = rooms.types.get(policy).and_then(|name| rooms.rooms.get_mut(name)) {
            // Not the last one: with room for only one there is no safe order, and AWS refuses.
            if room.attached.len() >= room.limit
                && room.attached.len() > 1
                && let Some(at) = leaving.iter().position(|id| room.attached.contains(*id))
            {
                let id = leaving.remove(at);
                room.attached.remove(id);
                steps.push(Step::Detach(id));
            }
            room.attached.insert(policy.clone());
        }
        steps.push(Step::Attach(policy));
    }
    steps.extend(leaving.into_iter().map(|id| Step::Detach(id)));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// `attached`, `attach` and `detach` are names whose first letter is the type; each type has room for `limit`.
    fn check(attached: &str, attach: &str, detach: &str, limit: usize) -> String {
        let kind = |id: &str| id.get(..1).unwrap().to_owned();
        let (attach, detach, mut world) = (ids(attach), ids(detach), ids(attached));
        let mut rooms = Rooms::default();
        for id in &attach {
            rooms.types.insert(id.clone(), kind(id));
            let attached = world.iter().filter(|other| kind(other) == kind(id)).cloned().collect();
            rooms.rooms.insert(kind(id), Room { attached, limit });
        }
        let steps = steps(&attach, &detach, rooms);
        let kinds = world.iter().map(|id| kind(id)).collect::<BTreeSet<_>>();
        let mut text = Vec::new();
        for step in steps {
            match step {
                Step::Attach(id) => {
                    world.push(id.to_owned());
                    text.push(format!("+{id}"));
                }
                Step::Detach(id) => {
                    world.retain(|other| other != id);
                    text.push(format!("-{id}"));
                }
            }
            for name in &kinds {
                let count = world.iter().filter(|id| kind(id) == *name).count();
                assert!((1..=limit).contains(&count), "{count} of {name} after {text:?}");
            }
        }
        text.join(" ")
    }

    #[test]
    fn attaches_first() {
        assert_eq!(check("s1", "s2", "s1", 10), "+s2 -s1");
        assert_eq!(check("s1 s2 r1", "s3 r2", "s1 s2", 4), "+s3 +r2 -s1 -s2");
    }

    #[test]
    fn makes_room_within_the_type() {
        assert_eq!(check("r1 s1 s2", "s3 s4", "r1x s1 s2", 2), "-s1 +s3 -s2 +s4 -r1x");
        assert_eq!(check("s1 s2 s3", "s4 s5 s6", "s1 s2 s3", 4), "+s4 -s1 +s5 -s2 +s6 -s3");
    }
}
