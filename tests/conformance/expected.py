"""What AWS should hold after `apply`: org.toml expanded by hand, apart from overlord's own code.

usage: expected.py org.toml
"""

import json
import pathlib
import sys
import tomllib

from shape import ADDRESS_TAG, canonical, show

TYPES = {
    "scp": "SERVICE_CONTROL_POLICY",
    "rcp": "RESOURCE_CONTROL_POLICY",
    "tag": "TAG_POLICY",
    "ai-opt-out": "AISERVICES_OPT_OUT_POLICY",
}

path = pathlib.Path(sys.argv[1])
org = tomllib.loads(path.read_text())
defaults = org.get("defaults", {})
policies, units, targets = {}, org.get("ou", {}), {}


def type_of(policy):
    return TYPES[policy.get("type", "scp")]


managed = {"SERVICE_CONTROL_POLICY"} | {type_of(p) for p in org["policy"].values()}


def attached(section):
    # AWS attaches RCPFullAWSAccess to everything while the type is enabled, and never lets it be detached.
    implicit = ["RCPFullAWSAccess"] if "RESOURCE_CONTROL_POLICY" in managed else []
    return sorted(section.get("policies", ["FullAWSAccess"]) + implicit)


def path_of(key):
    unit = units[key]
    parent = path_of(unit["parent"]) if "parent" in unit else ""
    return f"{parent}/{unit.get('name', key)}"


def account(key, section, tags, placeholders):
    def fill(template):
        for name, value in placeholders.items():
            template = template.replace("{" + name + "}", value)
        return template

    parent = "" if section["ou"] == "root" else path_of(section["ou"])
    targets[f"{parent}/{section.get('name', key)}"] = {
        "kind": "account",
        "email": fill(section["email"]),
        "policies": attached(section),
        "tags": {name: fill(value) for name, value in tags.items()} | {ADDRESS_TAG: f"account.{key}"},
    }


for key, policy in org["policy"].items():
    document = json.loads((path.parent / policy.get("file", f"policies/{key}.json")).read_text())
    policies[f"{type_of(policy)}/{policy.get('name', key)}"] = {
        "content": canonical(document),
        "description": policy.get("description", ""),
        "tags": policy.get("tags", {}) | {ADDRESS_TAG: f"policy.{key}"},
    }

targets["/"] = {"kind": "root", "policies": attached(org["organization"])}
for key, unit in units.items():
    tags = unit.get("tags", {}) | {ADDRESS_TAG: f"ou.{key}"}
    targets[path_of(key)] = {"kind": "ou", "policies": attached(unit), "tags": tags}
for key, section in org.get("account", {}).items():
    account(key, section, section.get("tags", {}), {"account": key})
for team, section in org.get("team", {}).items():
    for stage in section.get("stages", defaults.get("stages", [])):
        # From the general to the particular, and the particular wins; tags add up.
        own = section.get("stage", {}).get(stage, {})
        merged = {"email": defaults.get("email")} | section | own
        tags = defaults.get("tags", {}) | section.get("tags", {}) | own.get("tags", {})
        key = f"{team}-{stage}"
        account(key, merged, tags, {"account": key, "team": team, "stage": stage})

organization = org["organization"]
show(
    {
        "delegated_administrators": organization.get("delegated_administrators", {}),
        "management_account": organization["management_account"],
        "policies": policies,
        "policy_types": sorted(managed),
        "targets": targets,
        "trusted_services": sorted(organization.get("trusted_services", [])),
    }
)
