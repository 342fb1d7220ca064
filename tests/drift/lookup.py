"""What CloudTrail tells another client: the time and the identity of the newest event of a name, page by page.

usage: lookup.py NAME
"""

import json
import sys
from datetime import timezone

import boto3

pages = boto3.client("cloudtrail").get_paginator("lookup_events").paginate(
    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": sys.argv[1]}], PaginationConfig={"PageSize": 1}
)
events = [event for page in pages for event in page["Events"]]
assert all(event["EventTime"] >= later["EventTime"] for event, later in zip(events, events[1:])), "the newest comes first"
newest = events[0]
record = json.loads(newest["CloudTrailEvent"])
assert record["eventTime"] == newest["EventTime"].astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
print(json.dumps({"events": len(events), "id": newest["EventId"], "time": record["eventTime"], "arn": record["userIdentity"]["arn"]}))
