//! How much of AWS's quotas is in use.

use super::parts::Column::{Left, Right};
use super::parts::{Page, framed, meter, number as grouped, table};
use crate::doctor::InUse;
use crate::report::Report;

pub(super) fn section(report: &Report<'_>) -> Page {
    let quotas = &report.quotas;
    let says = Page::of_own(
        "AWS's default quotas, or the raised ones in <code>[limits]</code> of org.toml. Quotas that count per place show the fullest place; \
         in accounts, only resources that overlord knows are counted.",
    );
    let mut body = Page::new();
    if let Some(why) = &quotas.invitations_not_read {
        body.own("<p class=\"note\">Open invitations count too, and could not be read: ").text(why).own("</p>\n");
    }
    let row = |InUse { quota, used, to_come, most, at }: &InUse| {
        let to_come_told = if *to_come > 0 { format!("+{to_come}") } else { String::new() };
        let units = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let bar = meter(units(*used), units(*to_come), units(*most));
        let at = at.as_deref().unwrap_or_default();
        let told = [Page::of_text(quota), Page::of_text(at)];
        told.into_iter().chain([grouped(*used), to_come_told, grouped(*most)].map(Page::of_text)).chain([bar]).collect()
    };
    let rows: Vec<Vec<Page>> = quotas.in_use.iter().map(row).collect();
    body.and(&table(&[Left("Quota"), Left("Where"), Right("Used"), Right("To come"), Right("Of"), Left("")], &rows));
    framed("quotas", "Quotas", &says, &body)
}
