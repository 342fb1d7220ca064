"""Replays the facts of tests/truth/*.toml against the sandbox. Takes the endpoint and the files; prints what differs and ends with 1 then.

A step is a call with its parameters. `$name` stands for what an earlier step saved, by a path of JMESPath. `passes` are the codes
that pass by themselves, `until` says what a read must show first.
"""
import json
import sys
import time
import tomllib
from pathlib import Path

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(parameter_validation=False, retries={"total_max_attempts": 1})
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
KNOWN = {"allow": ALLOW, "long": ALLOW.replace('"*"', json.dumps(["s3:GetObject"] * 1000), 1), "nothing": None}
# boto3's name of a service that is called otherwise here.
OTHER_NAMES = {"tag": "resourcegroupstaggingapi"}
# How often something is tried that passes, and the seconds between.
TRIES, PAUSE = 600, 0.02


class Replay:
    def __init__(self, endpoint, path):
        self.endpoint, self.path = endpoint, path
        self.file = tomllib.loads(path.read_text())
        self.saved, self.clients, self.wrong = dict(KNOWN), {}, []

    def client(self, service, account, region):
        key = f"AKIA{account}" if account else "test"
        region = region or "us-east-1"
        if (service, key, region) not in self.clients:
            given = {"aws_access_key_id": key, "aws_secret_access_key": "test", "endpoint_url": self.endpoint}
            self.clients[service, key, region] = boto3.client(OTHER_NAMES.get(service, service), region_name=region, config=CONFIG, **given)
        return self.clients[service, key, region]

    def filled(self, value):
        if isinstance(value, dict):
            return {self.filled(key): self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if not isinstance(value, str):
            return value
        if value.startswith("$") and value[1:] in self.saved:
            return self.saved[value[1:]]
        for name, text in self.saved.items():
            if isinstance(text, str) and f"${name}" in value and len(text) < 200:
                value = value.replace(f"${name}", text)
        return value

    def call(self, name, step):
        service, operation = name.split(":")
        client = self.client(service, self.filled(step.get("as")), step.get("region"))
        try:
            return client._make_api_call(operation, self.filled(step.get("with", {}))), None
        except ClientError as error:
            reason = error.response.get("Reason")
            return None, error.response["Error"]["Code"] + (f" {reason}" if reason else "")

    def try_step(self, name, step):
        """The answer and the error, when neither passes any more."""
        for _ in range(TRIES):
            answer, error = self.call(name, step)
            is_passing = error and "passes" in step and error.split(" ")[0] in step["passes"].split(" ")
            is_early = not error and any(jmespath.search(self.filled(path), answer) != self.filled(value) for path, value in step.get("until", {}).items())
            if not is_passing and not is_early:
                break
            time.sleep(PAUSE)
        return answer, error

    def step(self, step):
        answer, error = self.try_step(step["call"], step)
        if error and error != step.get("unless"):
            raise ValueError(f"{step['call']} {self.filled(step.get('with', {}))}: {error}")
        for name, path in step.get("save", {}).items():
            self.saved[name] = jmespath.search(path, answer)
            assert self.saved[name] is not None, f"{step['call']} answers no {path}: {answer}"

    def fact(self, fact):
        for step in fact.get("before", []):
            self.step(step)
        answer, error = self.try_step(fact.get("replay", fact["operation"]), fact)
        where = f"{self.path.name}: {fact['operation']}, {fact['situation']}"
        if error or "error" in fact:
            if error != fact.get("error"):
                self.wrong.append(f"{where}: {error or 'done'} instead of {fact.get('error', 'success')}")
            return
        for path, value in fact["answer"].items():
            found = jmespath.search(self.filled(path), answer)
            if found != self.filled(value):
                self.wrong.append(f"{where}: {path} is {found!r} instead of {self.filled(value)!r}")

    def run(self):
        for step in self.file.get("setup", []):
            self.step(step)
        for fact in self.file["fact"]:
            try:
                self.fact(fact)
            except (ValueError, AssertionError) as error:
                self.wrong.append(f"{self.path.name}: {fact['operation']}, {fact['situation']}: before it: {error}")
        return self.wrong


def main():
    endpoint, path = sys.argv[1], Path(sys.argv[2])
    wrong = Replay(endpoint, path).run()
    print("\n".join(wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
