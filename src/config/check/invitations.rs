//! Accounts outside the organization that are to be invited.

use super::Model;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::At;
use crate::config::template::{Names, fill};
use crate::diagnostic::Diagnostic;

/// The most characters of a note. Source: the pattern of InviteAccountToOrganization's `Notes`.
const NOTE: usize = 1024;

/// How an account is invited.
pub(in crate::config) struct Invite {
    /// The note to its owner.
    pub(in crate::config) note: Option<String>,
}

/// Whether it has `invite = true`.
pub(super) fn asked(invite: Option<&At<bool>>) -> bool {
    invite.is_some_and(|invite| invite.value)
}

/// An account of a team that cannot be identified in AWS: the template of its team makes e-mails of new accounts.
pub(super) fn without_name(account: &str) -> Diagnostic {
    let diagnostic =
        Code::MissingKey.error(format!("the account `{account}` is to be invited, and has neither `id` nor an `email` of its own"));
    diagnostic.hint("give it its `id`, or the `email` that it has; templates make those of new accounts only")
}

/// How the account of that id is invited, if it is.
pub(super) fn of(
    invite: Option<&At<bool>>,
    id: Option<&At<String>>,
    names: Names<'_>,
    model: &Model<'_>,
    report: &mut Report,
) -> Option<Invite> {
    let invite = invite.filter(|invite| invite.value)?;
    let section = model.file.organization.as_ref();
    let management = section.and_then(|section| section.management_account.as_ref());
    if id.is_some_and(|id| management.is_some_and(|management| management.value == id.value)) {
        let diagnostic = Code::BadInvitation.error("the management account cannot be invited into its own organization");
        report.at(invite.at, diagnostic.hint("remove `invite`: it is a member already"));
        return None;
    }
    let note = section.and_then(|section| section.invitation_note.as_ref()).and_then(|template| {
        let note = fill(template, names, report)?;
        if note.text.chars().count() > NOTE {
            let diagnostic = Code::BadInvitation.error("the note of an invitation is longer than 1,024 characters");
            report.at(template.at, diagnostic.hint("shorten it, and link to the rest"));
        }
        Some(note.text)
    });
    Some(Invite { note })
}
