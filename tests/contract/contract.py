"""The contract: the sandbox is driven through every operation that it serves, and each answer and refusal is what botocore's models say.

Takes one JSON argument: `calm`, `errors`, `rates`, `denied`, `busy` and `small` are sandboxes by their weather, `world` is the file of the first,
and `operations` are those that the sandbox serves. Prints what is wrong and ends with 1 then. `allowed.toml` has what may differ.
"""
import fnmatch
import json
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ec2
import organizations
import others
from driver import SERVICES, Driver, Surprise

HERE = Path(__file__).parent


def common_codes():
    table = {service: {} for service in SERVICES}
    for row in tomllib.loads((HERE / "common.toml").read_text())["codes"]:
        for service in row["services"]:
            table[service].update(dict.fromkeys(row["codes"], row["status"]))
    return table


# Calls that need nothing, of each service.
SIMPLE = [
    ("organizations", "DescribeOrganization", {}),
    ("account", "ListRegions", {}),
    ("ec2", "DescribeVpcs", {}),
    ("ram", "GetResourceShares", {"resourceOwner": "SELF"}),
    ("iam", "ListOrganizationsFeatures", {}),
    ("cloudtrail", "LookupEvents", {}),
    ("config", "DescribeConfigurationAggregators", {}),
    ("resourcegroupstaggingapi", "GetResources", {"ResourceARNList": ["arn:aws:organizations::111111111111:account/o-x/1"]}),
    ("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::111111111111:role/x", "RoleSessionName": "x"}),
    ("sts", "GetCallerIdentity", {}),
]


def drive(driver):
    for scenario in (organizations.before, others.before, organizations.consolidated, organizations.organization):
        attempt(scenario, driver)
    member = driver.state.get("member", organizations.NOBODY)
    for scenario in (ec2.network, others.ram, ec2.close_transit, others.account, others.sts, others.iam, others.settings, others.tag, others.cloudtrail, others.config):
        attempt(scenario, driver, member)


def attempt(scenario, *arguments):
    """One that cannot go on has said why, and keeps no other from being tried."""
    try:
        scenario(*arguments)
    except Surprise:
        pass


def weather(drivers):
    """What any operation may be told: an internal error, too many requests, no permission, a conflict with another write."""
    for service, operation, parameters in SIMPLE:
        for name, times in (("errors", 20), ("rates", 200), ("denied", 1)):
            client = drivers[name].client(service)
            for _ in range(times):
                if drivers[name].call(client, operation, **parameters)[1] not in (None, "AccessDenied"):
                    break
    busy = drivers["busy"]
    client = busy.client("organizations")
    busy.call(client, "CreateOrganization", FeatureSet="ALL")
    root = busy.ok(client, "ListRoots")["Roots"][0]["Id"]
    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(busy.call, client, "CreateOrganizationalUnit", ParentId=root, Name=f"ou {n}") for n in range(8)]
    if "ConcurrentModificationException" not in {one.result()[1] for one in made}:
        busy.surprises.append("8 writes at once: no ConcurrentModificationException")


def quotas(driver):
    """Quotas, and an account that AWS is not done with: `small` has little of everything."""
    client = driver.client("organizations")
    driver.ok(client, "CreateOrganization", FeatureSet="ALL")
    member = organizations.create(driver, client, "member", "member@example.com")["AccountId"]
    driver.refused(client, "CreateAccount", "ConstraintViolationException", AccountName="more", Email="more@example.com")
    driver.refused(client, "CloseAccount", "ConstraintViolationException", AccountId=member)
    invite = {"Target": {"Id": organizations.FREE, "Type": "ACCOUNT"}}
    driver.refused(client, "InviteAccountToOrganization", "HandshakeConstraintViolationException", **invite)
    driver.refused(driver.client("ec2", f"AKIA{member}"), "DescribeVpcs", "OptInRequired")
    recorder = {"name": "default", "roleARN": f"arn:aws:iam::{member}:role/config"}
    own = driver.client("config", f"AKIA{member}")
    driver.refused(own, "PutConfigurationRecorder", "UnrecognizedClientException", ConfigurationRecorder=recorder)
    network = driver.client("ec2")
    vpc = driver.ok(network, "CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = driver.ok(network, "CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    driver.refused(network, "CreateSubnet", "SubnetLimitExceeded", VpcId=vpc, CidrBlock="10.0.1.0/24")
    driver.refused(network, "CreateRouteTable", "RouteTableLimitExceeded", VpcId=vpc)
    driver.ok(network, "CreateNatGateway", SubnetId=subnet, ConnectivityType="private")
    driver.refused(network, "CreateNatGateway", "NatGatewayLimitExceeded", SubnetId=subnet, ConnectivityType="private")


def main():
    given = json.loads(sys.argv[1])
    common = common_codes()
    names = ("calm", "errors", "rates", "denied", "busy", "small")
    drivers = {name: Driver(given[name], common, Path(given["world"])) for name in names}
    wrong = []
    drive(drivers["calm"])
    attempt(weather, drivers)
    attempt(quotas, drivers["small"])
    problems, succeeded, refusals = {}, set(), {}
    for name, driver in drivers.items():
        wrong += [f"{name}: {surprise}" for surprise in driver.surprises]
        problems.update(driver.problems)
        succeeded |= driver.succeeded
        for operation, codes in driver.refusals.items():
            refusals.setdefault(operation, set()).update(codes)
    allowed = tomllib.loads((HERE / "allowed.toml").read_text())
    wrong += compare(problems, allowed.get("difference", []))
    wrong += coverage(given["operations"], succeeded, refusals, allowed.get("never_refused", []))
    print("\n".join(sorted(wrong)))
    sys.exit(bool(wrong))


def compare(problems, rows):
    """What is not allowed, and what is allowed and does not occur."""
    wrong, used = [], set()
    for (operation, place, kind), detail in problems.items():
        matching = [
            index
            for index, row in enumerate(rows)
            if fnmatch.fnmatchcase(operation, row["operation"]) and row["place"] == place and row["kind"] == kind
        ]
        used.update(matching)
        if not matching:
            wrong.append(f"{operation}: {kind} at {place or 'the top'}: {detail}")
    for index, row in enumerate(rows):
        if index not in used:
            wrong.append(f"allowed.toml: nothing differs as {row['operation']}, {row['kind']} at {row['place']}: remove the row")
        if not row["reason"] or not row["date"]:
            wrong.append(f"allowed.toml: {row['operation']} at {row['place']} has no reason or date")
    return wrong


def coverage(operations, succeeded, refusals, never_refused):
    wrong = [f"{operation}: not driven to a success" for operation in operations if operation not in succeeded]
    exempt = {row["operation"] for row in never_refused}
    wrong += [f"{operation}: not driven to a refusal" for operation in operations if operation not in refusals and operation not in exempt]
    wrong += [f"allowed.toml: {operation} is refused now: remove the row" for operation in exempt if operation in refusals]
    unknown = (succeeded | set(refusals)) - set(operations)
    return wrong + [f"{operation}: driven, and not in the sandbox's table" for operation in unknown]


if __name__ == "__main__":
    main()
