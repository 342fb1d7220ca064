//! The primary e-mail of a member: AWS sends a code to the new address, and the e-mail changes when the code is submitted.
//!
//! `apply` makes AWS send the code; `overlord email` submits it. No read call of AWS shows a pending change, so a tag on the account
//! does, [`EMAIL_TAG`]: a second plan shows the pending change and does not send a second code. Source:
//! <https://docs.aws.amazon.com/accounts/latest/reference/API_StartPrimaryEmailUpdate.html>

use aws_sdk_account::types::PrimaryEmailUpdateStatus;
use aws_sdk_organizations::types::Tag;

use super::calls::Tags;
use crate::aws::{AwsResult, Error, Sessions};

/// The tag of an account with a pending code: the new address, in characters that a tag can contain.
pub const EMAIL_TAG: &str = "overlord:email";

/// The primary e-mail of a bound account: the live one, the desired one, and whether a code was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailChange {
    /// The account's id.
    pub id: String,
    /// The live e-mail.
    pub live: String,
    /// The e-mail that org.toml declares.
    pub wanted: String,
    /// Whether overlord made AWS send a code to the desired one.
    pub awaited: bool,
}

/// An address as the value of a tag: AWS accepts fewer characters there.
pub(super) fn mark(email: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:/=+-@".contains(c);
    email.chars().map(|c| if allowed(c) { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// Whether the tags say that a code was sent to the address.
pub(super) fn is_awaited(tags: Option<&Tags>, email: &str) -> bool {
    tags.and_then(|tags| tags.get(EMAIL_TAG)).is_some_and(|marked| *marked == mark(email))
}

/// Makes AWS send a code to the new address.
///
/// # Errors
/// AWS refused: another account has the address, for example.
pub(super) async fn send_code(sessions: &Sessions, id: &str, email: &str) -> AwsResult<()> {
    let request = sessions.account().start_primary_email_update().account_id(id).primary_email(email);
    let answer = request.send().await.map_err(|e| Error::sdk("account:StartPrimaryEmailUpdate", &e))?;
    match answer.status() {
        Some(PrimaryEmailUpdateStatus::Failed) => Err(Error::Failed {
            message: format!("AWS could not send a code to `{email}`"),
            hint: Some("see that the address can receive mail, then run this again".to_owned()),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Removes the tag.
///
/// # Errors
/// AWS refused.
pub(super) async fn forget(sessions: &Sessions, id: &str) -> AwsResult<()> {
    let request = sessions.organizations().untag_resource().resource_id(id).tag_keys(EMAIL_TAG);
    request.send().await.map(drop).map_err(|e| Error::sdk("organizations:UntagResource", &e))
}

/// The address of a code that is no longer pending, according to the tags of an account that already has the desired e-mail.
pub(super) fn lost_note(tags: Option<&Tags>, live: &str, wanted: Option<&String>) -> Option<String> {
    let noted = tags?.get(EMAIL_TAG)?;
    wanted.filter(|wanted| wanted.eq_ignore_ascii_case(live)).map(|_| noted.clone())
}

impl EmailChange {
    /// Makes AWS send a code to the desired address, and records it in the tag.
    ///
    /// # Errors
    /// AWS refused.
    pub async fn send_code(&self, sessions: &Sessions) -> AwsResult<()> {
        send_code(sessions, &self.id, &self.wanted).await?;
        let tag = Tag::builder().key(EMAIL_TAG).value(mark(&self.wanted)).build().map_err(|e| Error::internal(e.to_string()))?;
        let request = sessions.organizations().tag_resource().resource_id(&self.id).tags(tag);
        request.send().await.map(drop).map_err(|e| Error::sdk("organizations:TagResource", &e))
    }

    /// Submits the code that was sent to the desired address, and removes the tag.
    ///
    /// # Errors
    /// AWS refused: the code is wrong or too old.
    pub async fn hand_in(&self, sessions: &Sessions, code: &str) -> AwsResult<()> {
        let request = sessions.account().accept_primary_email_update().account_id(&self.id).primary_email(&self.wanted).otp(code);
        match request.send().await.map_err(|e| Error::sdk("account:AcceptPrimaryEmailUpdate", &e)) {
            Ok(_) => {}
            // An answer may have been lost: then the code is no longer pending.
            Err(e) if e.is(&["ResourceNotFoundException", "ConflictException"]) && self.is_done(sessions).await? => {}
            Err(e) => return Err(e),
        }
        forget(sessions, &self.id).await
    }

    async fn is_done(&self, sessions: &Sessions) -> AwsResult<bool> {
        let answer = sessions.organizations().describe_account().account_id(&self.id).send().await;
        let answer = answer.map_err(|e| Error::sdk("organizations:DescribeAccount", &e))?;
        let live = answer.account().and_then(|account| account.email()).unwrap_or_default();
        Ok(live.eq_ignore_ascii_case(&self.wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_of_one_address_whatever_a_tag_can_hold() {
        let tags = Tags::from([(EMAIL_TAG.to_owned(), mark("O'Hara+aws@Example.org"))]);
        assert_eq!(tags[EMAIL_TAG], "o_hara+aws@example.org");
        assert!(is_awaited(Some(&tags), "o'hara+AWS@example.org"));
        assert!(!is_awaited(Some(&tags), "ohara+aws@example.org") && !is_awaited(None, "o'hara+aws@example.org"));
    }
}
