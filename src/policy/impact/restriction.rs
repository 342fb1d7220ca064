//! The verdicts of the current guardrails on every action of the catalogue, for all accounts. Accounts with equal verdicts are grouped.
//!
//! The question is about a role that no policy names. Most guardrails make an exception for somebody, if only by denying something to the root
//! user alone, so for "anybody" nearly all verdicts would depend on the caller.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Selection;
use super::chains::{Asker, Chain, Chains};
use crate::address::Address;
use crate::policy::catalogue::{Catalogue, Set};
use crate::policy::hierarchy::Hierarchy;

/// The role that is evaluated.
pub(super) const ROLE: &str = "a-role-that-no-policy-names";

/// What guardrails say of every action, to a role that no policy names, in accounts of which the same is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restriction {
    /// In order.
    pub accounts: Vec<Address>,
    /// The actions that pass, whatever the request.
    pub passes: Selection,
    /// The actions of which it hinges on conditions, or on the resource.
    pub conditional: Selection,
    /// On what: condition keys, `the resource`.
    pub hinges_on: BTreeSet<String>,
    /// The actions that are denied, whatever the request.
    pub denied: Selection,
}

/// What holds for all accounts but the management account, which guardrails do not bind. Those of most accounts come first.
pub fn restrictions(hierarchy: &Hierarchy, catalogue: &Catalogue) -> Vec<Restriction> {
    let actions = catalogue.actions();
    let accounts: Vec<&Address> = hierarchy.accounts().filter(|account| !hierarchy.is_management(account)).collect();
    let mut chains = Chains::new(Asker::Role(ROLE, &[]), actions);
    let of = chains.of(hierarchy, accounts.iter().copied());
    let mut classes: BTreeMap<&Chain, Vec<&Address>> = BTreeMap::new();
    for (account, chain) in accounts.iter().zip(&of) {
        classes.entry(chain).or_default().push(account);
    }
    // Verdicts that differ only in how their conditions are written are grouped.
    let mut told: BTreeMap<(Set, Set, BTreeSet<String>), Vec<Address>> = BTreeMap::new();
    for (chain, members) in classes {
        let verdicts = chains.verdicts(chain);
        let hinges_on = chains.hinges_on(chain, &verdicts.depends(actions));
        told.entry((verdicts.passes, verdicts.denied, hinges_on)).or_default().extend(members.into_iter().cloned());
    }
    let of = |((passes, denied, hinges_on), mut accounts): ((Set, Set, BTreeSet<String>), Vec<Address>)| {
        accounts.sort();
        let conditional = actions.all().without(&passes).without(&denied);
        let [passes, conditional, denied] = [passes, conditional, denied].map(|set| Selection::of(&set, actions));
        Restriction { accounts, passes, conditional, hinges_on, denied }
    };
    let mut found: Vec<Restriction> = told.into_iter().map(of).collect();
    found.sort_by(|a, b| b.accounts.len().cmp(&a.accounts.len()).then_with(|| a.accounts.cmp(&b.accounts)));
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::{Attached, Family, Level, Policy, Verdict, impact};

    const EVERYTHING: &str = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    const NO_SQS: &str = r#"{"Statement": [{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}"#;
    const IN_REGION: &str = r#"{"Statement": [{"Effect": "Deny", "Action": "ec2:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]}"#;

    fn account(key: &str) -> Address {
        Address::new("account", key)
    }

    /// An account for each set of policies, with one of its own.
    fn hierarchy(accounts: &[(&str, &[&str])]) -> Hierarchy {
        let root = Address::new("organization", "main");
        let attached = |text: &str| Attached { name: text.into(), policy: Some(Arc::new(Policy::parse(text).unwrap())) };
        let mut hierarchy = Hierarchy { management: "111111111111".to_owned(), families: [Family::Scp].into(), ..Hierarchy::default() };
        hierarchy.levels.insert(root.clone(), Level { scps: vec![attached(EVERYTHING)], ..Level::default() });
        for (key, policies) in accounts {
            let scps = [EVERYTHING].iter().chain(*policies).map(|text| attached(text)).collect();
            hierarchy.levels.insert(account(key), Level { parent: Some(root.clone()), scps, ..Level::default() });
        }
        hierarchy
    }

    #[test]
    fn accounts_of_which_the_same_is_said_are_one_class() {
        let mut hierarchy = hierarchy(&[("a", &[NO_SQS]), ("b", &[NO_SQS, IN_REGION]), ("c", &[NO_SQS]), ("m", &[])]);
        hierarchy.ids.insert(account("m"), hierarchy.management.clone());
        let found = restrictions(&hierarchy, &Catalogue::built_in());
        let accounts: Vec<&[Address]> = found.iter().map(|restriction| restriction.accounts.as_slice()).collect();
        assert_eq!(accounts, [[account("a"), account("c")].as_slice(), [account("b")].as_slice()]);
        assert_eq!(found[0].denied.services.keys().collect::<Vec<_>>(), ["sqs"]);
        assert!(found[0].denied.includes("sqs:SendMessage") && found[0].passes.includes("ec2:RunInstances"));
        assert_eq!(found[0].conditional.count, 0);
        assert!(found[1].conditional.includes("ec2:RunInstances") && !found[1].passes.includes("ec2:RunInstances"));
        assert_eq!(found[1].hinges_on, ["aws:RequestedRegion".to_owned()].into());
    }

    #[test]
    fn what_is_said_of_the_root_user_or_of_a_role_by_its_name_is_not_said_of_others() {
        let deny = |operator: &str, arn: &str| {
            format!(
                r#"{{"Statement": [{{"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": {{"{operator}": {{"aws:PrincipalArn": "{arn}"}}}}}}]}}"#
            )
        };
        let (root, all_but_one) = (deny("ArnLike", "arn:aws:iam::*:root"), deny("ArnNotLike", "arn:aws:iam::*:role/Admin"));
        let count = |policy: &str| {
            let found = restrictions(&hierarchy(&[("a", &[policy])]), &Catalogue::built_in());
            (found[0].denied.count > 0, found[0].conditional.count > 0)
        };
        assert_eq!((count(&root), count(&all_but_one)), ((false, false), (true, false)));
    }

    /// What is denied now is what a way down without any guardrail would have lost.
    #[test]
    fn it_is_what_the_impact_says_of_guard_rails_where_there_were_none() {
        let (bare, catalogue) = (hierarchy(&[("a", &[])]), Catalogue::built_in());
        for policies in [&[NO_SQS] as &[&str], &[IN_REGION], &[NO_SQS, IN_REGION]] {
            let hierarchy = hierarchy(&[("a", policies)]);
            let (now, shifts) = (&restrictions(&hierarchy, &catalogue)[0], &impact(&bare, &hierarchy, &catalogue).groups[0].shifts);
            let to = |verdict: Verdict| shifts.iter().find(|shift| shift.to == verdict).map(|shift| &shift.actions);
            assert_eq!(to(Verdict::Denied), Some(&now.denied).filter(|denied| denied.count > 0));
            assert_eq!(to(Verdict::Conditional), Some(&now.conditional).filter(|conditional| conditional.count > 0));
            assert_eq!(now.passes.count + now.conditional.count + now.denied.count, catalogue.known_actions().count());
        }
    }
}
