"""The names of the service control policies that the root has, a line each."""

import boto3

client = boto3.client("organizations")
root = client.list_roots()["Roots"][0]["Id"]
for policy in client.list_policies_for_target(TargetId=root, Filter="SERVICE_CONTROL_POLICY")["Policies"]:
    print(policy["Name"])
