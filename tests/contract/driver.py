"""Calls of the sandbox, each answer and refusal checked raw against botocore's model (shapes.py)."""
import json
import time
from collections import defaultdict

import botocore.session
import jmespath
from botocore.config import Config
from botocore.exceptions import ClientError

import shapes

SERVICES = ["organizations", "account", "ec2", "ram", "iam", "cloudtrail", "config", "sts", "tag"]
# What overlord calls a service that signs its requests with another name: as IAM actions do.
OTHER_NAMES = {"tagging": "tag"}


def known_as(service):
    return OTHER_NAMES.get(service.signing_name, service.signing_name)


class Surprise(Exception):
    """A scenario cannot go on."""


class Driver:
    """What was driven, and what was found."""

    def __init__(self, endpoint, common, world=None):
        self.endpoint = endpoint
        # The file that the sandbox keeps itself in.
        self.world = world
        self.common = common
        self.session = botocore.session.get_session()
        self.clients = {}
        # Of each operation: whether it succeeded, and the codes of its refusals.
        self.succeeded = set()
        self.refusals = defaultdict(set)
        # (operation, place, kind) with one detail each.
        self.problems = {}
        # What a scenario expected and did not get.
        self.surprises = []
        self.probed = set()
        # What later scenarios need of earlier ones.
        self.state = {}

    def client(self, service, key="test", region="us-east-1", token=None):
        """A client that sends whatever it is told to, once. `AKIA` and an account's id are that account's own key."""
        if (service, key, region) not in self.clients:
            client = self.session.create_client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id=key,
                aws_secret_access_key="test",
                aws_session_token=token,
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
            )
            client.meta.events.register("before-parse", self.check)
            self.clients[service, key, region] = client
        return self.clients[service, key, region]

    def check(self, operation_model, response_dict, **_):
        service = operation_model.service_model
        name = f"{known_as(service)}:{operation_model.name}"
        status, headers, body = response_dict["status_code"], response_dict["headers"], response_dict["body"]
        if status < 300:
            found = shapes.check_output(service, operation_model, headers, body)
            self.succeeded.add(name)
        else:
            common = self.common[known_as(service)]
            code, found = shapes.check_error(service, operation_model, status, headers, body, common)
            self.refusals[name].add(code)
            found = [(f"{place} {code}" if place == "error" else place, kind, detail) for place, kind, detail in found]
        for place, kind, detail in found:
            self.problems.setdefault((name, place, kind), detail)

    def call(self, client, operation, **parameters):
        """The parsed answer, or the code of the refusal."""
        try:
            return client._make_api_call(operation, parameters), None
        except ClientError as error:
            return None, error.response["Error"]["Code"]

    def ok(self, client, operation, **parameters):
        """A call that succeeds. Before the first one of each operation, the same without each required member is refused."""
        self.probe(client, operation, parameters)
        answer, code = self.call(client, operation, **parameters)
        if code is not None:
            self.surprises.append(f"{operation} {parameters}: {code} instead of success")
            raise Surprise(operation, code)
        return answer

    def until(self, passing, client, operation, **parameters):
        """The same, of a call that succeeds after a while: these codes pass."""
        self.probe(client, operation, parameters)
        for _ in range(600):
            answer, code = self.call(client, operation, **parameters)
            if code is None:
                return answer
            if code not in passing:
                break
            time.sleep(0.02)
        self.surprises.append(f"{operation} {parameters}: {code} instead of success")
        raise Surprise(operation, code)

    def refused(self, client, operation, expected, **parameters):
        """A call that is refused with this code."""
        _, code = self.call(client, operation, **parameters)
        if code != expected:
            self.surprises.append(f"{operation} {parameters}: {code or 'success'} instead of {expected}")

    def until_refused(self, expected, client, operation, **parameters):
        """A call that is refused with this code after a while; until then it is refused with others."""
        code = None
        for _ in range(600):
            _, code = self.call(client, operation, **parameters)
            if code in (None, expected):
                break
            time.sleep(0.02)
        if code != expected:
            self.surprises.append(f"{operation} {parameters}: {code or 'success'} instead of {expected}")

    def wait(self, client, operation, path, wanted, **parameters):
        """Repeats a read until it shows this value. Each answer on the way is checked too."""
        found = None
        for _ in range(600):
            found = jmespath.search(path, self.ok(client, operation, **parameters))
            if found == wanted:
                return
            time.sleep(0.02)
        self.surprises.append(f"{operation} {parameters}: {path} is {found} instead of {wanted}")

    def fill(self, client, operation, expected, **parameters):
        """Repeats a creation until a quota refuses it."""
        for _ in range(50):
            _, code = self.call(client, operation, **parameters)
            if code is not None:
                break
        if code != expected:
            self.surprises.append(f"{operation} again and again: {code or 'success'} instead of {expected}")

    def code_of(self, account):
        """The one-time password that AWS sends to the new address of an account, read where the sandbox keeps it."""
        for _ in range(600):
            updates = json.loads(self.world.read_text()).get("email_updates", {})
            if account in updates:
                return updates[account]["code"]
            time.sleep(0.02)
        raise Surprise("StartPrimaryEmailUpdate", "no code")

    def probe(self, client, operation, parameters):
        model = client.meta.service_model.operation_model(operation)
        name = f"{known_as(client.meta.service_model)}:{operation}"
        if name in self.probed or model.input_shape is None:
            return
        self.probed.add(name)
        for member in model.input_shape.required_members:
            if model.input_shape.members[member].serialization.get("location") == "uri" or member not in parameters:
                continue
            rest = {other: value for other, value in parameters.items() if other != member}
            if self.call(client, operation, **rest)[1] is None:
                self.problems[name, f"input.{member}", "accepted"] = "the model requires it, and the call without it was not refused"
        for member, value in parameters.items():
            shape = model.input_shape.members[member]
            if getattr(shape, "enum", None) and isinstance(value, str):
                if self.call(client, operation, **{**parameters, member: "NoSuchValue"})[1] is None:
                    self.problems[name, f"input.{member}", "enum"] = "the call with NoSuchValue was not refused"
