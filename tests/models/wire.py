"""What the sandbox reads of AWS's models: `src/sandbox/models/*.json`, from the botocore of tests/requirements.txt. Documented in docs/emulators.md.

    python tests/models/wire.py             # writes the files anew
    python tests/models/wire.py --compare   # prints the files that differ, and ends with 1 when there is one

`src/sandbox/models/operations.txt` has the operations. Of each it takes the shapes that its request, its answer and its errors need,
without documentation. An operation or a shape is a line, so that a new botocore is a readable diff.
"""
import argparse
import json
import re
import sys
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel

MODELS = Path(__file__).parents[2] / "src/sandbox/models"
# botocore's name of a service that the sandbox has under another one.
OTHER_NAMES = {"tag": "resourcegroupstaggingapi"}
# Said of services, members and shapes, and of no use on the wire.
UNUSED = {
    "box", "contextParam", "deprecated", "deprecatedMessage", "deprecatedSince", "document", "documentation", "endpointdiscoveryid", "eventpayload",
    "hostLabel", "idempotencyToken", "resultWrapper", "retryable", "sensitive", "synthetic",
}  # fmt: skip
# A pattern that takes any text.
ANYTHING = {"[\\s\\S]*", "[\\s\\S]+"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--compare", action="store_true", help="compare the files instead of writing them")
    compare = arguments.parse_args().compare
    differ = False
    for service, names in operations().items():
        path, text = MODELS / f"{service}.json", trimmed(service, names)
        if not compare:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f"{path.name} is not what tests/models/wire.py writes with botocore {botocore.__version__}")
            differ = True
    return int(differ)


def operations():
    """The operations of each service."""
    lines = [line for line in (MODELS / "operations.txt").read_text().splitlines() if line and not line.startswith("#")]
    return {service: names.split() for service, _, names in (line.partition(": ") for line in lines)}


def trimmed(service, names):
    loader, name = Loader(), OTHER_NAMES.get(service, service)
    model = loader.load_service_model(name, "service-2")
    shapes = {}
    for operation in names:
        parts = model["operations"][operation]
        for shape in [parts.get("input"), parts.get("output"), *parts.get("errors", [])]:
            if shape is not None:
                collect(model["shapes"], shape["shape"], shapes)
    metadata = {"botocore": botocore.__version__, "protocol": ServiceModel(model, name).resolved_protocol}
    for key in ("apiVersion", "targetPrefix", "xmlNamespace"):
        if key in model["metadata"]:
            metadata[key] = model["metadata"][key]
    # Models of REST-XML say it with their requests.
    namespaces = json.dumps([[model["operations"][operation].get("input") for operation in names], shapes])
    found = re.search(r'"xmlNamespace": (\{[^}]*\})', namespaces)
    if found and "xmlNamespace" not in metadata:
        metadata["xmlNamespace"] = json.loads(found[1])["uri"]
    table = {operation: shown(model["operations"][operation]) for operation in sorted(names)}
    parts = {"metadata": dump(metadata), "operations": without_namespaces(rows(table)), "shapes": without_namespaces(rows(shapes))}
    return "{\n" + ",\n".join(f'"{part}": {text}' for part, text in parts.items()) + "\n}\n"


def collect(models, name, found):
    """The shape and those that it refers to."""
    if name in found:
        return
    model = {key: value for key, value in models[name].items() if key not in UNUSED}
    if model.get("pattern") in ANYTHING:
        del model["pattern"]
    found[name] = model
    if "members" in model:
        model["members"] = {member: clean(reference) for member, reference in model["members"].items()}
    for key in ("member", "key", "value"):
        if key in model:
            model[key] = clean(model[key])
    for reference in [*model.get("members", {}).values(), *(model[key] for key in ("member", "key", "value") if key in model)]:
        collect(models, reference["shape"], found)


def clean(reference):
    return {key: value for key, value in reference.items() if key not in UNUSED}


def without_namespaces(text):
    return re.sub(r',?"xmlNamespace":\{[^}]*\}', "", text)


def shown(operation):
    table = {"method": operation["http"]["method"], "uri": operation["http"]["requestUri"]}
    if "responseCode" in operation["http"]:
        table["status"] = operation["http"]["responseCode"]
    for key in ("input", "output"):
        if key in operation:
            table[key] = clean(operation[key])
    return table


def rows(table):
    return "{\n" + ",\n".join(f'"{name}": {dump(table[name])}' for name in sorted(table)) + "\n}"


def dump(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())
