"""botocore as the witness of the sandbox's protocols: `examples.json` has a request and an answer or a refusal of each kind.

    python tests/models/witness.py             # writes the requests anew, as botocore sends them
    python tests/models/witness.py --compare   # ends with 1 when botocore sends other requests, or reads the answers otherwise

A test in src/sandbox/protocol reads the same requests and writes the same answers. An example has `input` as botocore takes it and
`output` as botocore reads it; `read` and `written` are what the sandbox has instead, where that calls members otherwise.
"""
import json
import sys
from pathlib import Path

from botocore import parsers, serialize
from botocore.awsrequest import HeadersDict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.utils import percent_encode_sequence

EXAMPLES = Path(__file__).with_name("examples.json")


def request(operation, service, parameters):
    serializer = serialize.create_serializer(service.resolved_protocol, include_validation=True)
    sent = serializer.serialize_to_request(parameters, operation)
    body = sent["body"]
    if isinstance(body, dict):
        body = percent_encode_sequence(body)
    body = body.decode() if isinstance(body, bytes) else body
    headers = {name.lower(): str(value) for name, value in sorted(sent["headers"].items()) if name.lower() != "content-type"}
    query = sent["query_string"]
    query = percent_encode_sequence(query) if isinstance(query, dict) else query
    return {"method": sent["method"], "uri": sent["url_path"] + (f"?{query}" if query else ""), "headers": headers, "body": body}


def parsed(operation, service, response):
    parser = parsers.create_parser(service.resolved_protocol)
    headers = HeadersDict({**response["headers"], "x-amzn-requestid": "1"})
    given = {"status_code": response["status"], "headers": headers, "body": response["body"].encode()}
    found = parser.parse(given, operation.output_shape)
    found.pop("ResponseMetadata", None)
    return json.loads(json.dumps(found, default=lambda value: value.isoformat()))


def main():
    compare = "--compare" in sys.argv
    examples = json.loads(EXAMPLES.read_text())
    wrong = []
    for example in examples:
        name = f"{example['service']}:{example['operation']}"
        service = ServiceModel(Loader().load_service_model(example["service"], "service-2"), example["service"])
        operation = service.operation_model(example["operation"])
        if "input" in example:
            sent = request(operation, service, example["input"])
            if compare and sent != example["request"]:
                wrong.append(f"{name}: botocore sends {sent}")
            example["request"] = sent
        found = parsed(operation, service, example["response"])
        expected = example.get("output", {})
        if "refusal" in example:
            found = {key: found["Error"].get(key) for key in ("Code", "Message")}
            expected = {"Code": example["refusal"]["code"], "Message": example["refusal"]["message"]}
        if found != expected:
            wrong.append(f"{name}: botocore reads {found} instead of {expected}")
    if not compare:
        EXAMPLES.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n")
    print("\n".join(wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
