"""The one shape in which `expected.py` says what should be and `readback.py` what is. Neither knows anything of overlord's code."""

import json
import sys

ADDRESS_TAG = "overlord:address"
LISTS = {"Action", "NotAction", "Resource", "NotResource"}


def canonical(document):
    """A policy document in one of its many equal forms: a single value is a list of one, and lists have no order."""

    def walk(value, key=None, in_condition=False):
        if isinstance(value, dict):
            return {k: walk(v, k, in_condition or key == "Condition") for k, v in value.items()}
        if isinstance(value, list):
            return sorted((walk(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
        if key in LISTS or in_condition:
            return [value]
        return value

    document = walk(document)
    if isinstance(document.get("Statement"), dict):
        document["Statement"] = [document["Statement"]]
    return document


def show(organization):
    json.dump(organization, sys.stdout, indent=1, sort_keys=True)
    print()
