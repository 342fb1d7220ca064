"""Runs the scripts of a job of GitHub Actions or GitLab CI as the platform would: each with bash, variables and outputs in place, and a `gh`
that writes down how it was called. Steps that use an action are passed over.

usage: run_job.py FILE JOB ANSWERS
       ANSWERS is JSON: what `gh` prints, by the beginning of its arguments
prints JSON: `failed` (the first step that did, or null), `outputs`, `summary`, `printed` (standard output of the scripts), `gh` (its calls)
"""

import json
import os
import re
import subprocess
import sys

import yaml

file, name, answers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]) or {}
here = os.getcwd()
document = yaml.safe_load(open(file))
folder = os.path.join(here, "runner")
os.makedirs(folder, exist_ok=True)
paths = {key: os.path.join(folder, key) for key in ("output", "summary", "calls", "answers")}
for path in paths.values():
    open(path, "w").close()
json.dump(answers, open(paths["answers"], "w"))

gh = os.path.join(here, "bin", "gh")
with open(gh, "w") as stub:
    stub.write(
        f"""#!{sys.executable}
import json, sys
told = " ".join(sys.argv[1:])
open({paths["calls"]!r}, "a").write(told + "\\n")
for beginning, answer in json.load(open({paths["answers"]!r})).items():
    if told.startswith(beginning):
        sys.stdout.write(answer)
"""
    )
os.chmod(gh, 0o755)

environment = dict(
    os.environ,
    PATH=os.path.join(here, "bin") + os.pathsep + os.environ["PATH"],
    GITHUB_OUTPUT=paths["output"],
    GITHUB_STEP_SUMMARY=paths["summary"],
    GITHUB_REPOSITORY="o/r",
    GITHUB_RUN_ID="12",
)
values = {"inputs.run": "12", "github.event.pull_request.number": "7", "github.token": "token", "github.repository": "o/r"}
outputs = {}


def filled(text):
    def value(match):
        expression = match.group(1).strip()
        step = re.fullmatch(r"steps\.(\w+)\.outputs\.(\w+)", expression)
        return outputs[f"{step[1]}.{step[2]}"] if step else values[expression]

    return re.sub(r"\$\{\{(.*?)\}\}", value, str(text))


printed = []


def run(script, variables):
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    done = subprocess.run(command, env=environment | variables, stdout=subprocess.PIPE, text=True)
    sys.stderr.write(done.stdout)
    printed.append(done.stdout)
    return done.returncode


failed = None
if "jobs" in document:
    for step in document["jobs"][name]["steps"]:
        if "run" not in step:
            continue
        open(paths["output"], "w").close()
        if run(filled(step["run"]), {key: filled(value) for key, value in step.get("env", {}).items()}):
            failed = step["name"]
            break
        for line in open(paths["output"]):
            key, value = line.rstrip("\n").split("=", 1)
            outputs[f"{step['id']}.{key}"] = value
else:
    job = document[".overlord"] | document[name]
    # The role would be taken with the token; here there are keys.
    script = "\n".join(job["before_script"] + job["script"])
    if run(script, {"OVERLORD_TOKEN": "token"}):
        failed = name

calls = open(paths["calls"]).read().splitlines()
print(json.dumps({"failed": failed, "outputs": outputs, "summary": open(paths["summary"]).read(), "printed": "".join(printed), "gh": calls}))
