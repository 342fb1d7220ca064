//! How much of AWS's quotas is in use.

use std::fmt::Write as _;

use super::parts::{framed, meter, number as grouped, safe, table};
use crate::doctor::InUse;
use crate::report::Report;

pub(super) fn section(report: &Report<'_>) -> String {
    let quotas = &report.quotas;
    let says = "AWS's default quotas, or the raised ones in <code>[limits]</code> of org.toml. Quotas that count per place show the fullest place; \
                in accounts, only resources that overlord knows are counted.";
    let mut body = String::new();
    if let Some(why) = &quotas.invitations_not_read {
        let _ = writeln!(body, "<p class=\"note\">Open invitations count too, and could not be read: {}</p>", safe(why));
    }
    let row = |InUse { quota, used, to_come, most, at }: &InUse| {
        let to_come_told = if *to_come > 0 { format!("+{to_come}") } else { String::new() };
        let units = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let bar = meter(units(*used), units(*to_come), units(*most));
        vec![safe(quota), safe(at.as_deref().unwrap_or_default()), grouped(*used), to_come_told, grouped(*most), bar]
    };
    let rows: Vec<Vec<String>> = quotas.in_use.iter().map(row).collect();
    body.push_str(&table(&["Quota", "Where", ">Used", ">To come", ">Of", ""], &rows));
    framed("quotas", "Quotas", says, &body)
}
