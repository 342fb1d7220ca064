"""AWS Config: recorders in accounts, and aggregators over them.

usage: record.py start NAME...          a recorder of everything in each account, the management account too
       record.py some NAME TYPE...      a recorder of these types
       record.py daily NAME...          a recorder of everything that writes down once a day
       record.py stop NAME...           stops the recorder of each account
       record.py aggregate NAME WHERE   an aggregator of the organization, in the account of that name or in `management`
       record.py aggregate-accounts NAME ACCOUNT...   one of these accounts, in the management account
"""

import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "conformance"))

import boto3
from accounts import HOME, enter


def pages(operation):
    for page in boto3.client("organizations").get_paginator(operation).paginate():
        yield from next(value for value in page.values() if isinstance(value, list))


accounts = {account["Name"]: account["Id"] for account in pages("list_accounts")}


def config(name):
    session = boto3.Session() if name == "management" else enter(accounts[name])
    return session.client("config", region_name=HOME)


def record(name, group, frequency="CONTINUOUS"):
    client = config(name)
    recorder = {"name": "default", "roleARN": f"arn:aws:iam::{accounts[name]}:role/config", "recordingGroup": group}
    recorder["recordingMode"] = {"recordingFrequency": frequency}
    client.put_configuration_recorder(ConfigurationRecorder=recorder)
    client.start_configuration_recorder(ConfigurationRecorderName="default")


match sys.argv[1:]:
    case ["start", *names]:
        for name in names:
            record(name, {"allSupported": True})
    case ["some", name, *types]:
        record(name, {"allSupported": False, "resourceTypes": types})
    case ["daily", *names]:
        for name in names:
            record(name, {"allSupported": True}, "DAILY")
    case ["stop", *names]:
        for name in names:
            config(name).stop_configuration_recorder(ConfigurationRecorderName="default")
    case ["aggregate", name, where]:
        source = {"RoleArn": f"arn:aws:iam::{accounts[where]}:role/aggregator", "AllAwsRegions": True}
        config(where).put_configuration_aggregator(ConfigurationAggregatorName=name, OrganizationAggregationSource=source)
    case ["aggregate-accounts", name, *names]:
        source = {"AccountIds": [accounts[name] for name in names], "AwsRegions": [HOME]}
        config("management").put_configuration_aggregator(ConfigurationAggregatorName=name, AccountAggregationSources=[source])
    case _:
        sys.exit(__doc__)
