"""Whether there is an organization: its id, or the code of the error that says there is none."""

import boto3
from botocore.exceptions import ClientError

try:
    print(boto3.client("organizations").describe_organization()["Organization"]["Id"])
except ClientError as error:
    print(error.response["Error"]["Code"])
