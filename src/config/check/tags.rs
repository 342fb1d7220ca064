//! Tags: valid keys and values, their number, and the merged tags of an account.

use std::collections::BTreeMap;

use super::values;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::Tags;
use crate::config::template::{Names, fill};
use crate::diagnostic::ByteRange;
use crate::limits::LIMITS;
use crate::plural;

/// Checks tags without placeholders (of an OU or a policy), and their number.
pub(super) fn check(tags: Option<&Tags>, at: ByteRange, report: &mut Report) {
    let Some(tags) = tags else { return };
    check_keys(tags, report);
    for value in tags.values() {
        if let Err(why) = values::tag_value(value) {
            report.at(value.at, Code::BadTag.error(format!("AWS refuses `{}` as the value of a tag", value.value)).hint(why));
        }
    }
    count(tags.len(), at, report);
}

/// Checks the keys: once per section, for the tags of [defaults] are those of every account.
pub(super) fn check_keys(tags: &Tags, report: &mut Report) {
    for key in tags.keys() {
        if let Err(why) = values::tag_key(&key.0) {
            report.at(key.0.at, Code::BadTag.error(format!("AWS refuses `{}` as the key of a tag", key.0.value)).hint(why));
        }
    }
}

/// The tag `overlord:address`, which everything that overlord makes or tags carries, takes one of the places.
fn count(declared: usize, at: ByteRange, report: &mut Report) {
    count_beside((1, "one is overlord's own"), declared, at, report);
}

fn count_beside((own, whose): (usize, &str), declared: usize, at: ByteRange, report: &mut Report) {
    let all = LIMITS.quotas.tags_per_resource;
    let most = all.saturating_sub(own);
    if declared > most {
        let summary = format!("{}, and there is room for {most}", plural::count(declared, "tag"));
        let detail = format!("AWS takes {all}, and {whose}");
        report.at(at, Code::TooManyTags.error(summary).detail(detail).hint("remove some"));
    }
}

/// The tags of one account, later tables over earlier ones; `None` when none are declared.
pub(super) fn account_tags(tables: &[&Tags], names: Names<'_>, at: ByteRange, report: &mut Report) -> Option<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    tables.iter().for_each(|table| tags.extend(filled(table, names, report)));
    count(tags.len(), at, report);
    if tags.is_empty() { None } else { Some(tags) }
}

/// Checks the tags of a layout but for their values, which [`filled`] makes: once, for they are those of every VPC of it.
pub(super) fn check_layout(tags: &Tags, at: ByteRange, report: &mut Report) {
    check_keys(tags, report);
    let declared = tags.keys().filter(|key| key.0.value != "Name").count();
    count_beside((3, "`Name`, `overlord:address` and `overlord:with` are among them"), declared, at, report);
}

/// Tags with their values filled in.
pub(super) fn filled(tags: &Tags, names: Names<'_>, report: &mut Report) -> BTreeMap<String, String> {
    let mut filled = BTreeMap::new();
    for (key, value) in tags {
        if let Some(made) = fill(value, names, report) {
            if let Err(why) = values::tag_value(&made.text) {
                report.at(value.at, Code::BadTag.error(format!("AWS refuses `{}` as the value of a tag", made.text)).hint(why));
            }
            filled.insert(key.0.value.clone(), made.text);
        }
    }
    filled
}
