//! The operations that overlord can call: which exist, which of them only read, and which may be sent twice. The read-only
//! lock, the least IAM policies and the documentation come from this list. The door refuses what is not in it, so the list is
//! complete by construction.

/// What an operation does to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
}

/// What happens when the same request takes effect twice, because the answer to the first was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The second does nothing.
    Idempotent,
    /// AWS refuses the second: a duplicate, or nothing left to do. The kind takes that refusal for success.
    Refused,
    /// The second makes another one, or spoils the first: never sent again unless AWS said that the first had no effect.
    Doubles,
}

/// Whether AWS keeps one token bucket per account, or one per account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One endpoint for all Regions: Organizations, Account Management.
    Global,
    /// An endpoint per Region: STS.
    Regional,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `organizations`.
    pub service: &'static str,
    /// `CreateAccount`.
    pub name: &'static str,
    /// Read or write.
    pub effect: Effect,
    /// What sending it twice does.
    pub repeat: Repeat,
    /// What its token bucket belongs to.
    pub scope: Scope,
}

/// The operation of that name, if overlord may call it.
pub fn lookup(service: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|o| o.service == service && o.name == name)
}

macro_rules! operations {
    ($($service:literal $scope:ident $krate:ident { $($module:ident $name:ident $effect:ident $repeat:ident,)* })*) => {
        /// Every operation, by service.
        pub static OPERATIONS: &[Operation] = &[$($(
            Operation {
                service: $service,
                name: stringify!($name),
                effect: Effect::$effect,
                repeat: Repeat::$repeat,
                scope: Scope::$scope,
            },
        )*)*];

        /// Compiles only while the SDK has every operation by this name.
        #[cfg(test)]
        #[allow(dead_code)]
        type InTheSdk = ($(($($krate::operation::$module::$name,)*),)*);
    };
}

operations! {
    "organizations" Global aws_sdk_organizations {
        describe_account DescribeAccount Read Idempotent,
        describe_create_account_status DescribeCreateAccountStatus Read Idempotent,
        describe_handshake DescribeHandshake Read Idempotent,
        describe_organization DescribeOrganization Read Idempotent,
        describe_organizational_unit DescribeOrganizationalUnit Read Idempotent,
        describe_policy DescribePolicy Read Idempotent,
        list_accounts ListAccounts Read Idempotent,
        list_accounts_for_parent ListAccountsForParent Read Idempotent,
        list_aws_service_access_for_organization ListAWSServiceAccessForOrganization Read Idempotent,
        list_children ListChildren Read Idempotent,
        list_create_account_status ListCreateAccountStatus Read Idempotent,
        list_delegated_administrators ListDelegatedAdministrators Read Idempotent,
        list_delegated_services_for_account ListDelegatedServicesForAccount Read Idempotent,
        list_handshakes_for_account ListHandshakesForAccount Read Idempotent,
        list_handshakes_for_organization ListHandshakesForOrganization Read Idempotent,
        list_organizational_units_for_parent ListOrganizationalUnitsForParent Read Idempotent,
        list_parents ListParents Read Idempotent,
        list_policies ListPolicies Read Idempotent,
        list_policies_for_target ListPoliciesForTarget Read Idempotent,
        list_roots ListRoots Read Idempotent,
        list_tags_for_resource ListTagsForResource Read Idempotent,
        list_targets_for_policy ListTargetsForPolicy Read Idempotent,
        accept_handshake AcceptHandshake Write Refused,
        attach_policy AttachPolicy Write Refused,
        close_account CloseAccount Write Refused,
        create_account CreateAccount Write Doubles,
        create_organization CreateOrganization Write Refused,
        create_organizational_unit CreateOrganizationalUnit Write Refused,
        create_policy CreatePolicy Write Refused,
        delete_organizational_unit DeleteOrganizationalUnit Write Refused,
        delete_policy DeletePolicy Write Refused,
        deregister_delegated_administrator DeregisterDelegatedAdministrator Write Refused,
        detach_policy DetachPolicy Write Refused,
        disable_aws_service_access DisableAWSServiceAccess Write Idempotent,
        disable_policy_type DisablePolicyType Write Refused,
        enable_all_features EnableAllFeatures Write Refused,
        enable_aws_service_access EnableAWSServiceAccess Write Idempotent,
        enable_policy_type EnablePolicyType Write Refused,
        invite_account_to_organization InviteAccountToOrganization Write Refused,
        move_account MoveAccount Write Refused,
        register_delegated_administrator RegisterDelegatedAdministrator Write Refused,
        tag_resource TagResource Write Idempotent,
        untag_resource UntagResource Write Idempotent,
        update_organizational_unit UpdateOrganizationalUnit Write Idempotent,
        update_policy UpdatePolicy Write Idempotent,
    }
    "account" Global aws_sdk_account {
        get_account_information GetAccountInformation Read Idempotent,
        put_account_name PutAccountName Write Idempotent,
    }
    "sts" Regional aws_sdk_sts {
        assume_role AssumeRole Read Idempotent,
        assume_role_with_web_identity AssumeRoleWithWebIdentity Read Idempotent,
        get_caller_identity GetCallerIdentity Read Idempotent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LIMITS;

    #[test]
    fn every_published_rate_is_of_an_operation_in_the_table() {
        for (service, rates) in &LIMITS.rates {
            for name in rates.keys() {
                assert!(lookup(service, name).is_some(), "{service}:{name} has a rate and is not in the table");
            }
        }
    }

    #[test]
    fn names_say_what_the_table_says() {
        for operation in OPERATIONS {
            let sounds_like_a_read = ["List", "Describe", "Get", "AssumeRole"].iter().any(|p| operation.name.starts_with(p));
            let expected = if sounds_like_a_read { Effect::Read } else { Effect::Write };
            assert_eq!(operation.effect, expected, "{}", operation.name);
            assert!(operation.effect == Effect::Write || operation.repeat == Repeat::Idempotent, "{}", operation.name);
        }
    }

    #[test]
    fn no_operation_stands_twice() {
        let mut names: Vec<_> = OPERATIONS.iter().map(|o| (o.service, o.name)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
    }
}
