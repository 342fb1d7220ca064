//! Organizational units, and the parents of units and accounts.

use serde_json::{Value, json};

use super::page::{page, set_keys};
use super::tags::checked_tags;
use super::{Ask, Turn, constraint};
use crate::limits::LIMITS;
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::{OrganizationalUnit, TargetKind, World};

/// Refuses when there is no such root or OU.
pub(super) fn parent_exists(world: &World, parent: &str) -> Result<(), Refusal> {
    if world.is_parent(parent) {
        return Ok(());
    }
    Err(Refusal::new("ParentNotFoundException", "We can't find a root or OU with the ParentId that you specified."))
}

fn not_found() -> Refusal {
    Refusal::new("OrganizationalUnitNotFoundException", "We can't find an OU with the OrganizationalUnitId that you specified.")
}

fn show(world: &World, unit: &OrganizationalUnit) -> Value {
    json!({ "Id": unit.id, "Arn": world.arn("ou", &unit.id), "Name": unit.name, "Path": world.path(&unit.parent, &unit.id) })
}

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let unit = ask.world.ous.get(ask.input.str("OrganizationalUnitId")).ok_or_else(not_found)?;
    Ok(json!({ "OrganizationalUnit": show(ask.world, unit) }))
}

pub(super) fn list_for_parent(ask: &Ask<'_>) -> Outcome {
    parent_exists(ask.world, ask.input.str("ParentId"))?;
    let units = ask.world.units_of(ask.input.str("ParentId"));
    page(ask, "OrganizationalUnits", |after| set_keys(units, after), |id| Some(show(ask.world, ask.world.ous.get(id)?)))
}

pub(super) fn list_children(ask: &Ask<'_>) -> Outcome {
    parent_exists(ask.world, ask.input.str("ParentId"))?;
    let children = match ask.input.str("ChildType") {
        "ACCOUNT" => ask.world.accounts_of(ask.input.str("ParentId")),
        _ => ask.world.units_of(ask.input.str("ParentId")),
    };
    page(ask, "Children", |after| set_keys(children, after), |id| Some(json!({ "Id": id, "Type": ask.input.str("ChildType") })))
}

pub(super) fn list_parents(ask: &Ask<'_>) -> Outcome {
    let account = ask.world.accounts.get(ask.input.str("ChildId")).and_then(|account| account.parent.as_deref());
    let Some(parent) = account.or_else(|| Some(ask.world.ous.get(ask.input.str("ChildId"))?.parent.as_str())) else {
        return Err(Refusal::new(
            "ChildNotFoundException",
            "We can't find an organizational unit (OU) or AWS account with the ChildId that you specified.",
        ));
    };
    let kind = if ask.world.target_kind(parent) == Some(TargetKind::Root) { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
    let keys = |after: &str| -> super::page::Keys<'_> { Box::new(Some(parent).filter(|parent| *parent > after).into_iter()) };
    page(ask, "Parents", keys, |id| Some(json!({ "Id": id, "Type": kind })))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let (parent, name) = (turn.input.str("ParentId"), turn.input.str("Name"));
    let tags = checked_tags(&[], turn.input)?;
    parent_exists(turn.world, parent)?;
    no_namesake(turn.world, parent, name, None)?;
    // The lineage counts the root, which is no level: it is as long as the new OU would be deep.
    if turn.world.lineage(parent).len() > LIMITS.quotas.ou_depth {
        return Err(constraint("OU_DEPTH_LIMIT_EXCEEDED", "You attempted to create an OU tree that is too many levels deep."));
    }
    if turn.world.ous.len() >= LIMITS.quotas.ous {
        return Err(constraint(
            "OU_NUMBER_LIMIT_EXCEEDED",
            "You attempted to exceed the number of OUs that you can have in an organization.",
        ));
    }
    let id = turn.world.add_ou(parent, name);
    if !tags.is_empty() {
        turn.world.tags.insert(id.clone(), tags);
    }
    let unit = turn.world.ous.get(&id).ok_or_else(not_found)?;
    Ok(json!({ "OrganizationalUnit": show(turn.world, unit) }))
}

fn no_namesake(world: &World, parent: &str, name: &str, itself: Option<&str>) -> Result<(), Refusal> {
    let mut siblings = world.units_of(parent).iter().filter_map(|id| world.ous.get(id));
    if siblings.any(|sibling| sibling.name == name && Some(sibling.id.as_str()) != itself) {
        return Err(Refusal::new("DuplicateOrganizationalUnitException", "An OU with the same name already exists."));
    }
    Ok(())
}

pub(super) fn update(turn: &mut Turn<'_>) -> Outcome {
    let unit = turn.world.ous.get(turn.input.str("OrganizationalUnitId")).ok_or_else(not_found)?;
    if let Some(name) = turn.input.get("Name") {
        no_namesake(turn.world, &unit.parent, name, Some(&unit.id))?;
    }
    let unit = turn.world.ous.get_mut(turn.input.str("OrganizationalUnitId")).ok_or_else(not_found)?;
    if let Some(name) = turn.input.get("Name") {
        unit.name = name.to_owned();
    }
    let unit = unit.clone();
    Ok(json!({ "OrganizationalUnit": show(turn.world, &unit) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.world.ous.get(turn.input.str("OrganizationalUnitId")).ok_or_else(not_found)?.id.clone();
    if !turn.world.units_of(&id).is_empty() || !turn.world.accounts_of(&id).is_empty() {
        let message =
            "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try again.";
        return Err(Refusal::new("OrganizationalUnitNotEmptyException", message));
    }
    turn.world.remove_ou(&id);
    Ok(Value::Null)
}
