//! `overlord invite`: sends invitations, prints the commands for their owners, follows the invitations, accepts them where it may, and brings
//! in the accounts that have joined. A repeated run continues from the state in AWS; overlord keeps none itself.

mod follow;
mod targets;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::connect::{Connection, connect_to_write};
use super::lock::Locked;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, apply, consent};
use crate::apply::Status;
use crate::aws::{AwsResult, Error, Mode, Sessions, partition_of};
use crate::limits::LIMITS;
use crate::plural::count;
use crate::render::invitations::{self as render, Invited, Role, State};
use crate::resource::organizations::access_role::{self, AccessRoleState, Wanted};
use crate::resource::organizations::handshakes::{self, Letter};
use crate::resource::organizations::{Allowance, Invitation, with_address};
use crate::resource::{Desired, Kind, Selection};
use follow::{Now, RoleAge, now_in_seconds};
use targets::Target;

#[derive(Debug, Args)]
pub(super) struct InviteArgs {
    /// An account by its key in org.toml, its id or its e-mail; may be given several times. Without it, all accounts that org.toml invites
    #[arg(long = "account", value_name = "KEY|ID|EMAIL")]
    accounts: Vec<String>,

    /// A file with further accounts, one per line
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// The OU of accounts that are not in org.toml [default: the root]
    #[arg(long, value_name = "KEY")]
    ou: Option<String>,

    /// The note to the owners, instead of `invitation_note`
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// Accept, and create the access role, with the credentials of this profile, which belong to an invited account; may be given several
    /// times
    #[arg(long, value_name = "NAME", conflicts_with_all = ["cancel", "template"])]
    accept_profile: Vec<String>,

    /// Wait until every invitation is answered
    #[arg(long, conflicts_with_all = ["cancel", "template"])]
    wait: bool,

    /// Cancel open invitations
    #[arg(long, conflicts_with = "template")]
    cancel: bool,

    /// Print the CloudFormation template with which owners create the access role, and do nothing else
    #[arg(long)]
    template: bool,

    /// Do not ask for confirmation. Does not confirm deletions
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    locked: Locked,
}

/// A run of the command.
struct Run<'a> {
    global: &'a Global,
    args: &'a InviteArgs,
    shell: &'a Shell,
    connection: &'a Connection,
    desired: &'a Desired,
    targets: &'a [Target],
    /// Where each stands, in the order of the targets.
    states: Vec<State>,
    /// The accounts whose access role this run has made.
    made: BTreeSet<String>,
}

impl InviteArgs {
    /// The list of accounts.
    pub(super) fn from(&self) -> Option<&Path> {
        self.from.as_deref()
    }
}

pub(super) async fn run(global: &Global, args: &InviteArgs, shell: &Shell) -> Result<Exit, Reported> {
    if args.template {
        let desired = super::validate::load(global, shell)?.desired;
        shell.whole(role(&desired, partition_of(&desired.home_region)).template());
        return Ok(Exit::Done);
    }
    let (desired, targets) = targets::read(global, args, shell)?;
    let connection = connect_to_write(global, &desired, shell).await?;
    let run = Run {
        global,
        args,
        shell,
        connection: &connection,
        desired: &desired,
        targets: &targets,
        states: Vec::new(),
        made: BTreeSet::new(),
    };
    let exit = run.carry_through().await;
    let closed = connection.close(shell);
    let exit = exit?;
    closed.map(|()| exit)
}

fn role(desired: &Desired, partition: &str) -> Role {
    Role {
        name: desired.access_role.clone(),
        management_account: desired.management_account.clone(),
        partition: partition.to_owned(),
        external_id: desired.external_id.clone(),
    }
}

impl Run<'_> {
    async fn carry_through(mut self) -> Result<Exit, Reported> {
        let (interrupt, shell) = (self.connection.sessions.request_gate().interrupt(), self.shell);
        Box::pin(apply::interruptible(self.handshakes(), interrupt, || None, shell)).await?;
        // The apply in it listens for Ctrl-C itself.
        Box::pin(self.conclude()).await
    }

    /// All that is done about invitations.
    async fn handshakes(&mut self) -> Result<(), Reported> {
        if self.args.cancel {
            self.cancel().await?;
        } else {
            self.invite().await?;
            self.accept().await?;
            self.probe().await;
            if self.args.wait && self.states.iter().any(|state| matches!(state, State::Open { .. })) {
                self.tell();
                self.wait().await?;
                self.probe().await;
            }
        }
        Ok(())
    }

    /// Where each account stands with AWS.
    async fn look(&self) -> Result<Vec<Now>, Reported> {
        let standing = follow::look(&self.connection.sessions, self.targets).await.map_err(|e| self.shell.aws_error(&e))?;
        for (target, now) in self.targets.iter().zip(&standing) {
            let Now::Member(id) = now else { continue };
            let known = self.desired.pinned.iter().find(|(account, pinned)| *pinned == id && **account != target.account);
            if let Some((account, _)) = known {
                let hint = format!("name it by its key: `--account {}`", account.key());
                return Err(self.shell.error(format_args!("`{}` is `{account}` of org.toml", target.invitation.recipient), Some(hint)));
            }
        }
        Ok(standing)
    }

    /// Sends what is to be sent, as far as AWS takes it today.
    async fn invite(&mut self) -> Result<(), Reported> {
        let standing = self.look().await?;
        let sessions = &self.connection.sessions;
        let uninvited = standing.iter().filter(|now| matches!(now, Now::Uninvited(_))).count();
        let mut allowance = Allowance { most: 0, left: 0, next: None };
        if uninvited > 0 {
            let all = handshakes::invitations(sessions).await.map_err(|e| self.shell.aws_error(&e))?;
            let quota = self.desired.account_quota.unwrap_or(LIMITS.quotas.accounts);
            allowance = Allowance::of(&all, quota, now_in_seconds(sessions));
        }
        let sends = uninvited.min(allowance.left);
        self.approve(sends)?;
        let mut left = sends;
        sessions.request_gate().set_mode(Mode::ReadWrite);
        for (target, now) in self.targets.iter().zip(standing) {
            let state = match now {
                Now::Uninvited(_) if left == 0 => {
                    State::Waits(format!("AWS takes {} in 24 hours; {}", count(allowance.most, "invitation"), allowance.when()))
                }
                Now::Uninvited(last) => {
                    left -= 1;
                    if let Some(last) = last {
                        self.shell.say(format_args!("{}: {last}; another one is sent", target.account));
                    }
                    match self.send(target).await {
                        Ok(handshake) => State::Open { handshake, new: true, expires: String::new() },
                        Err(Error::Interrupted) => return Err(self.shell.aws_error(&Error::Interrupted)),
                        Err(error) => State::Failed { message: error.to_string(), hint: error.hint() },
                    }
                }
                now => now.into(),
            };
            self.states.push(state);
        }
        sessions.request_gate().set_mode(Mode::ReadOnly);
        if self.states.iter().any(|state| matches!(state, State::Open { new: true, .. })) {
            self.date().await?;
        }
        Ok(())
    }

    async fn send(&self, target: &Target) -> AwsResult<String> {
        let invitation = target.invitation.clone();
        let tags = with_address(&target.account, invitation.tags);
        handshakes::send(&self.connection.sessions, &Letter { recipient: invitation.recipient, note: invitation.note, tags }).await
    }

    /// When the new invitations expire, AWS says.
    async fn date(&mut self) -> Result<(), Reported> {
        let all = handshakes::invitations(&self.connection.sessions).await.map_err(|e| self.shell.aws_error(&e))?;
        for state in &mut self.states {
            if let State::Open { handshake, expires, .. } = state
                && let Some(sent) = all.get(handshake)
            {
                *expires = crate::resource::organizations::day(sent.expires);
            }
        }
        Ok(())
    }

    fn approve(&self, sends: usize) -> Result<(), Reported> {
        let accepts = self.args.accept_profile.len();
        if self.args.yes || sends + accepts == 0 {
            return Ok(());
        }
        let to = self.targets.iter().map(|target| format!("`{}`", target.invitation.recipient)).collect::<Vec<_>>().join(", ");
        let role = || format!(" and, with the profiles given, accept and make the role `{}`", self.desired.access_role);
        let accept = if accepts > 0 { role() } else { String::new() };
        consent::agree(&format!("Send {sends} of {} ({to}){accept}?", count(self.targets.len(), "invitation")), self.shell)
    }

    /// Accepts with the profiles that were given.
    async fn accept(&mut self) -> Result<(), Reported> {
        for profile in &self.args.accept_profile {
            let guest = self.connection.guest(profile, self.desired, self.shell).await?;
            match follow::accept(&self.connection.sessions, &guest, self.targets, &mut self.states).await {
                Ok(account) => {
                    self.shell.say(format_args!("`{account}` has accepted its invitation (profile `{profile}`)"));
                    self.equip(&guest, &account).await?;
                }
                Err(error) => return Err(self.shell.aws_error(&error)),
            }
        }
        Ok(())
    }

    /// Makes the access role in an account that has joined. What keeps it from being made does not keep the account from being a member:
    /// its owner gets the commands to run, as without credentials.
    async fn equip(&mut self, guest: &Sessions, account: &str) -> Result<(), Reported> {
        let is_it = |(_, state): &(&Target, &State)| matches!(state, State::Member { id, .. } if id == account);
        let Some((target, _)) = self.targets.iter().zip(&self.states).find(is_it) else { return Ok(()) };
        let role = role(self.desired, guest.partition());
        let wanted = Wanted { account: &target.account, name: &role.name, trust: &role.trust(), policy: &role.policy() };
        let how = match access_role::make(guest, wanted).await {
            Ok(AccessRoleState::Made) => {
                self.made.insert(account.to_owned());
                "was made"
            }
            Ok(AccessRoleState::There) => "was there already",
            Ok(AccessRoleState::Owners) => "already exists, created by its owner, and was not changed",
            Ok(AccessRoleState::TrustsOthers) => "already exists with another trust policy, and was not changed",
            Err(Error::Interrupted) => return Err(self.shell.aws_error(&Error::Interrupted)),
            Err(error) => {
                let hint = error.hint().map(|hint| format!("\n  help: {hint}")).unwrap_or_default();
                self.shell.say(format_args!("`{account}`: the role `{}` was not made: {error}{hint}", role.name));
                return Ok(());
            }
        };
        self.shell.say(format_args!("`{account}`: the role `{}` {how}", role.name));
        Ok(())
    }

    /// Whether overlord can work in those that are members.
    async fn probe(&mut self) {
        for state in &mut self.states {
            if let State::Member { id, closed } = state {
                let age = if self.made.contains(id) { RoleAge::New } else { RoleAge::Settled };
                *closed = follow::probe(&self.connection.sessions, id, age).await.err().map(|error| error.to_string());
            }
        }
    }

    /// Follows open invitations to their ends.
    async fn wait(&mut self) -> Result<(), Reported> {
        let (sessions, shell) = (&self.connection.sessions, self.shell);
        let states = follow::wait(sessions, self.targets, std::mem::take(&mut self.states), |target, now| {
            shell.say(format_args!("{}: {now}", target.account));
        });
        self.states = states.await.map_err(|e| shell.aws_error(&e))?;
        Ok(())
    }

    /// Takes open invitations back.
    async fn cancel(&mut self) -> Result<(), Reported> {
        let standing = self.look().await?;
        let open = standing.iter().filter(|now| matches!(now, Now::Open { .. })).count();
        if open > 0 && !self.args.yes {
            consent::agree(&format!("Cancel {}?", count(open, "open invitation")), self.shell)?;
        }
        let sessions = &self.connection.sessions;
        sessions.request_gate().set_mode(Mode::ReadWrite);
        for (target, now) in self.targets.iter().zip(standing) {
            let wanted = self.desired.resources.contains_key(&Invitation::address(target.account.key())) && target.section.is_none();
            let again = if wanted { "; `invite = true` in org.toml makes the next apply send another one" } else { "" };
            self.states.push(match now {
                Now::Open { handshake, .. } => match handshakes::cancel(sessions, &handshake).await {
                    Ok(()) => State::Over(format!("its invitation is canceled{again}")),
                    Err(error) => State::Failed { message: error.to_string(), hint: error.hint() },
                },
                Now::Uninvited(last) => State::Over(last.unwrap_or_else(|| "it is not invited".to_owned())),
                now @ Now::Member(_) => now.into(),
            });
        }
        sessions.request_gate().set_mode(Mode::ReadOnly);
        Ok(())
    }

    fn invited(&self) -> Vec<Invited> {
        let of = |(target, state): (&Target, &State)| Invited {
            account: target.account.to_string(),
            recipient: target.invitation.recipient.clone(),
            place: target.invitation.parent.to_string(),
            state: state.clone(),
            section: target.section.clone().filter(|_| !self.args.cancel),
        };
        self.targets.iter().zip(&self.states).map(of).collect()
    }

    fn role(&self) -> Role {
        role(self.desired, self.connection.sessions.partition())
    }

    /// In text: where each stands.
    fn tell(&self) {
        match self.global.format {
            Format::Text => self.shell.result(render::text(&self.invited(), &self.role(), self.shell.style())),
            Format::Json | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {}
        }
    }

    /// Prints the state of each, and applies org.toml to those that are members.
    async fn conclude(self) -> Result<Exit, Reported> {
        self.tell();
        let mut exit = self.exit();
        let mut document = json!({ "format_version": 1, "invitations": render::json(&self.invited(), &self.role()) });
        let joined = self.targets.iter().zip(&self.states).filter(|(_, state)| matches!(state, State::Member { .. }));
        let joined: Vec<String> = joined.map(|(target, _)| target.account.key().to_owned()).collect();
        if !joined.is_empty() && !self.args.cancel {
            let mut desired = self.desired.clone();
            let unknown = |error: crate::resource::UnknownName| self.shell.error(&error, Some(error.hint()));
            desired.selection = Selection::of(&desired, &joined, &[], &[]).map_err(unknown)?;
            let locked = Locked { no_lock: self.args.locked.no_lock };
            let part = apply::part(self.global, self.connection, &desired, self.args.yes, locked, self.shell).await;
            let (plan, report) = part.map_err(|reported| reported.with("invitations", render::json(&self.invited(), &self.role())))?;
            if report.status() != Status::Done {
                exit = Exit::Partly;
            }
            if let Some(document) = document.as_object_mut() {
                document.insert("plan".to_owned(), json!(plan));
                document.insert("report".to_owned(), crate::render::report::json(&report));
            }
        }
        match self.global.format {
            Format::Text | Format::Junit | Format::Sarif | Format::Line => self.shell.say(render::summary(&self.invited())),
            Format::Json => self.shell.result(format_args!("{document:#}\n")),
            Format::Markdown => {
                let text = render::text(&self.invited(), &self.role(), crate::render::Style::default());
                self.shell.comment(crate::render::Comment::default().block(&text));
            }
        }
        Ok(exit)
    }

    fn exit(&self) -> Exit {
        let failed = self.states.iter().filter(|state| matches!(state, State::Failed { .. })).count();
        let short = |state: &State| match state {
            State::Waits(_) | State::Member { closed: Some(_), .. } => true,
            State::Over(_) => !self.args.cancel,
            State::Member { closed: None, .. } | State::Open { .. } | State::Failed { .. } => false,
        };
        match (failed, self.states.iter().any(short)) {
            (0, false) => Exit::Done,
            (0, true) => Exit::Partly,
            (failed, _) if failed == self.states.len() => Exit::Error,
            _ => Exit::Partly,
        }
    }
}
