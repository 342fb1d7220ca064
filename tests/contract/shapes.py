"""Checks a raw answer of AWS against botocore's model of the operation.

botocore's own parser forgives: it drops unknown members, takes null for absent, and looks at no enum, pattern or length. Each
problem is a (place, kind, detail) with a place such as `Accounts[].Status`, so that a list of allowed differences can name it.
"""
import base64
import json
from datetime import datetime
from xml.etree import ElementTree

import regex


def check_output(service, operation, headers, body):
    """The problems of a successful answer."""
    found = []
    shape = operation.output_shape
    if service.resolved_protocol in ("query", "ec2"):
        _check_xml_output(service, operation, body, found)
        return found
    if not body:
        if shape is not None and shape.required_members:
            found.append(("", "missing", f"the body is empty, and {shape.required_members} are required"))
        return found
    value = _json(body, found)
    if value is None:
        return found
    if shape is None:
        if value:
            found.append(("", "unknown", f"the operation answers nothing, and the body is {value}"))
        return found
    members = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
    _structure(service, shape, members, value, "", found)
    return found


def check_error(service, operation, status, headers, body, common):
    """The code of a refusal and its problems. `common` are the codes that any operation of the service may answer."""
    protocol = service.resolved_protocol
    found = []
    if protocol == "ec2":
        return _ec2_error(body, status, common, found), found
    if protocol == "query":
        code, value = _query_error(service, body, status, found)
    else:
        code, value = _json_error(protocol, headers, body, found)
    if code is None:
        return None, found
    shapes = {shape.error_code: shape for shape in operation.error_shapes}
    if code not in shapes:
        if code not in common:
            found.append(("error", "unmodelled", f"{code} is no error of this operation"))
        elif status != common[code]:
            found.append(("error", "status", f"HTTP {status} for {code} instead of {common[code]}"))
        return code, found
    shape = shapes[code]
    declared = shape.metadata.get("error", {}).get("httpStatusCode")
    # awsJson 1.1 services that declare no status answer with 400, and with 500 where it is their own fault; Organizations does not say so.
    is_fault = shape._shape_model.get("fault") or code == "ServiceException"
    expected = declared or (500 if is_fault else 400)
    if status != expected:
        found.append(("error", "status", f"HTTP {status} for {code} instead of {expected}"))
    if value is not None:
        _error_members(service, shape, value, found)
    return code, found


def _json(body, found):
    try:
        value = json.loads(body)
    except ValueError as error:
        found.append(("", "type", f"the body is no JSON: {error}"))
        return None
    if not isinstance(value, dict):
        found.append(("", "type", f"the body is no JSON object but {value!r}"))
        return None
    return value


# --- JSON -------------------------------------------------------------------------------------------------------------------------


def _structure(service, shape, members, value, place, found):
    if not isinstance(value, dict):
        found.append((place, "type", f"{value!r} is no structure"))
        return
    by_name = {member.serialization.get("name", name): member for name, member in members.items()}
    for name, item in value.items():
        here = f"{place}.{name}" if place else name
        if name not in by_name:
            found.append((here, "unknown", "the model has no such member"))
        elif item is None:
            found.append((here, "null", "a member without a value is left out"))
        else:
            _value(service, by_name[name], item, here, found)
    for name in shape.required_members:
        wire = members[name].serialization.get("name", name) if name in members else None
        if wire is not None and wire not in value:
            found.append((f"{place}.{wire}" if place else wire, "missing", "the model requires this member"))


def _value(service, shape, value, place, found):
    kind = shape.type_name
    if kind == "structure":
        _structure(service, shape, shape.members, value, place, found)
    elif kind == "list":
        if not isinstance(value, list):
            found.append((place, "type", f"{value!r} is no list"))
            return
        _length(shape, len(value), place, found)
        for item in value:
            if item is None:
                found.append((f"{place}[]", "null", "an item without a value"))
            else:
                _value(service, shape.member, item, f"{place}[]", found)
    elif kind == "map":
        if not isinstance(value, dict):
            found.append((place, "type", f"{value!r} is no map"))
            return
        for key, item in value.items():
            _scalar(shape.key, key, f"{place}{{key}}", found)
            _value(service, shape.value, item, f"{place}{{}}", found)
    elif kind in ("integer", "long"):
        if isinstance(value, bool) or not isinstance(value, int):
            found.append((place, "type", f"{value!r} is no {kind}"))
        else:
            _range(shape, value, place, found)
    elif kind in ("float", "double"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            found.append((place, "type", f"{value!r} is no {kind}"))
    elif kind == "boolean":
        if not isinstance(value, bool):
            found.append((place, "type", f"{value!r} is no boolean"))
    elif kind == "timestamp":
        if shape.serialization.get("timestampFormat") == "iso8601":
            _iso8601(value, place, found)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            found.append((place, "type", f"{value!r} is no time in seconds"))
    elif not isinstance(value, str):
        found.append((place, "type", f"{value!r} is no {kind}"))
    else:
        _scalar(shape, value, place, found)


# --- XML --------------------------------------------------------------------------------------------------------------------------


def _check_xml_output(service, operation, body, found):
    root = _xml(body, found)
    if root is None:
        return
    namespace, name = _split(root.tag)
    expected = service.metadata["xmlNamespace"]
    if namespace.rstrip("/") != expected.rstrip("/"):
        found.append(("", "namespace", f"{namespace} instead of {expected}"))
    if name != f"{operation.name}Response":
        found.append(("", "type", f"the root is {name}"))
    shape = operation.output_shape
    children = list(root)
    if service.resolved_protocol == "ec2":
        ids = [child for child in children if _split(child.tag)[1] == "requestId"]
        if len(ids) != 1:
            found.append(("requestId", "missing", f"{len(ids)} of them"))
        children = [child for child in children if child not in ids]
    else:
        wrapper = f"{operation.name}Result"
        if [_split(child.tag)[1] for child in children if _split(child.tag)[1] != wrapper] != ["ResponseMetadata"]:
            found.append(("ResponseMetadata", "missing", "the answer has none, or more than that"))
        results = [child for child in children if _split(child.tag)[1] == wrapper]
        if shape is not None and shape.serialization.get("resultWrapper") != wrapper:
            found.append(("", "type", f"the model has the wrapper {shape.serialization.get('resultWrapper')}"))
        if len(results) != (1 if shape is not None else 0):
            found.append((wrapper, "missing" if shape is not None else "unknown", f"{len(results)} of them"))
        children = [child for result in results for child in result]
    if shape is None:
        # EC2's operations without an output answer `return`.
        unknown = [_split(child.tag)[1] for child in children]
        if service.resolved_protocol == "ec2" and unknown == ["return"]:
            return
        found.extend((name, "unknown", "the operation answers nothing") for name in unknown)
    else:
        _xml_structure(service, shape, children, "", found)


def _xml(body, found):
    try:
        return ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        found.append(("", "type", f"the body is no XML: {error}"))
        return None


def _split(tag):
    return tuple(tag[1:].split("}", 1)) if tag.startswith("{") else ("", tag)


def _element_name(name, shape):
    """The name of a member's element. A flattened list repeats the name of its items."""
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return shape.member.serialization.get("name") or shape.serialization.get("name", name)
    return shape.serialization.get("name", name)


def _xml_structure(service, shape, elements, place, found):
    by_name = {_element_name(name, member): (name, member) for name, member in shape.members.items()}
    seen = {}
    for element in elements:
        name = _split(element.tag)[1]
        if name not in by_name:
            found.append((f"{place}.{name}" if place else name, "unknown", "the model has no such member"))
            continue
        seen.setdefault(name, []).append(element)
    for name, group in seen.items():
        here = f"{place}.{name}" if place else name
        _, member = by_name[name]
        if member.type_name == "list" and member.serialization.get("flattened"):
            for element in group:
                _xml_value(service, member.member, element, f"{here}[]", found)
            continue
        if len(group) > 1:
            found.append((here, "type", "the element is there more than once"))
        _xml_value(service, member, group[0], here, found)
    for name in shape.required_members:
        wire = _element_name(name, shape.members[name])
        # An empty list may be left out.
        if wire not in seen and shape.members[name].type_name != "list":
            found.append((f"{place}.{wire}" if place else wire, "missing", "the model requires this member"))


def _xml_value(service, shape, element, place, found):
    kind = shape.type_name
    text = element.text or ""
    if kind in ("structure", "list", "map") and text.strip():
        found.append((place, "type", f"{text!r} is no {kind}"))
        return
    if kind not in ("structure", "list", "map") and len(element):
        found.append((place, "type", f"{_split(element[0].tag)[1]} in a {kind}"))
        return
    if kind == "structure":
        _xml_structure(service, shape, list(element), place, found)
    elif kind == "list":
        item = shape.member.serialization.get("name", "item" if service.resolved_protocol == "ec2" else "member")
        _length(shape, len(element), place, found)
        for child in element:
            if _split(child.tag)[1] != item:
                found.append((f"{place}.{_split(child.tag)[1]}", "unknown", f"the items are called {item}"))
            else:
                _xml_value(service, shape.member, child, f"{place}[]", found)
    elif kind == "boolean":
        if text not in ("true", "false"):
            found.append((place, "type", f"{text!r} is no boolean"))
    elif kind in ("integer", "long"):
        if not regex.fullmatch(r"-?\d+", text):
            found.append((place, "type", f"{text!r} is no {kind}"))
        else:
            _range(shape, int(text), place, found)
    elif kind in ("float", "double"):
        if not regex.fullmatch(r"-?\d+(\.\d+)?(E-?\d+)?", text):
            found.append((place, "type", f"{text!r} is no {kind}"))
    elif kind == "timestamp":
        _iso8601(text, place, found)
    elif kind == "blob":
        base64.b64decode(text, validate=True)
    elif kind == "map":
        found.append((place, "type", "no operation of the sandbox answers a map in XML: this check cannot read one"))
    elif text == "null":
        found.append((place, "null", "a member without a value is left out"))
    else:
        _scalar(shape, text, place, found)


# --- Scalars ----------------------------------------------------------------------------------------------------------------------


def _scalar(shape, text, place, found):
    if getattr(shape, "enum", None) and text not in shape.enum:
        found.append((place, "enum", f"{text!r} is none of {shape.enum}"))
    pattern = shape.metadata.get("pattern")
    # The models' regular expressions are Java's, which the `regex` module reads.
    if pattern and not regex.search(pattern, text):
        found.append((place, "pattern", f"{text!r} does not match {pattern}"))
    _length(shape, len(text), place, found)


def _length(shape, length, place, found):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least or most is not None and length > most:
        found.append((place, "length", f"{length} is not in {least} to {most}"))


def _range(shape, value, place, found):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least or most is not None and value > most:
        found.append((place, "range", f"{value} is not in {least} to {most}"))


def _iso8601(text, place, found):
    try:
        if not isinstance(text, str) or not text.endswith("Z"):
            raise ValueError(text)
        datetime.fromisoformat(text)
    except ValueError:
        found.append((place, "type", f"{text!r} is no ISO 8601 time in UTC"))


# --- Refusals ---------------------------------------------------------------------------------------------------------------------


def _json_error(protocol, headers, body, found):
    value = _json(body, found)
    if value is None:
        return None, None
    if protocol == "json":
        code = value.pop("__type", None)
        if code is None:
            found.append(("__type", "missing", "awsJson answers name the error here"))
            return None, value
        return code.rsplit("#", 1)[-1], value
    code = headers.get("x-amzn-errortype")
    if code is None:
        found.append(("x-amzn-errortype", "missing", "restJson answers name the error here"))
        return None, value
    return code.split(":", 1)[0], value


def _error_members(service, shape, value, found):
    """`Message` and `message` are one: services differ from their models, and clients take both."""
    members = dict(shape.members)
    message = next((name for name in members if name.lower() == "message"), None)
    given = next((name for name in value if name.lower() == "message"), None)
    if given is not None:
        text = value.pop(given)
        if not isinstance(text, str) or not text:
            found.append(("error.message", "type", f"{text!r} is no text"))
    elif message is not None:
        found.append(("error.message", "missing", "a refusal says why"))
    members.pop(message, None)
    required = [name for name in shape.required_members if name in members]
    known = {member.serialization.get("name", name): member for name, member in members.items()}
    for name, item in value.items():
        if name not in known:
            found.append((f"error.{name}", "unknown", f"{shape.name} has no such member"))
        elif item is None:
            found.append((f"error.{name}", "null", "a member without a value is left out"))
        else:
            _value(service, known[name], item, f"error.{name}", found)
    found.extend((f"error.{name}", "missing", "the model requires this member") for name in required if name not in value)


def _query_error(service, body, status, found):
    root = _xml(body, found)
    if root is None:
        return None, None
    namespace, name = _split(root.tag)
    if namespace.rstrip("/") != service.metadata["xmlNamespace"].rstrip("/"):
        found.append(("error", "namespace", f"{namespace} instead of {service.metadata['xmlNamespace']}"))
    children = {_split(child.tag)[1]: child for child in root}
    if name != "ErrorResponse" or set(children) != {"Error", "RequestId"}:
        found.append(("error", "type", f"{name} with {sorted(children)} instead of ErrorResponse with Error and RequestId"))
        return None, None
    error = {_split(child.tag)[1]: child.text or "" for child in children["Error"]}
    if error.get("Type") != ("Sender" if status < 500 else "Receiver"):
        found.append(("error.Type", "enum", f"{error.get('Type')!r} with HTTP {status}"))
    error.pop("Type", None)
    code = error.pop("Code", None)
    if not error.get("Message"):
        found.append(("error.Message", "missing", "a refusal says why"))
    error = {name: text for name, text in error.items() if name != "Message"}
    found.extend((f"error.{name}", "unknown", "an error has Type, Code and Message") for name in error)
    return code, None


def _ec2_error(body, status, common, found):
    root = _xml(body, found)
    if root is None:
        return None
    names = [_split(child.tag)[1] for child in root]
    if _split(root.tag)[1] != "Response" or names != ["Errors", "RequestID"]:
        found.append(("error", "type", f"{_split(root.tag)[1]} with {names} instead of Response with Errors and RequestID"))
        return None
    errors = [{_split(field.tag)[1]: field.text or "" for field in error} for error in root[0]]
    if len(errors) != 1 or set(errors[0]) != {"Code", "Message"}:
        found.append(("error", "type", f"{errors} instead of one Error with Code and Message"))
        return None
    code = errors[0]["Code"]
    if not errors[0]["Message"]:
        found.append(("error.Message", "missing", "a refusal says why"))
    if code not in common:
        found.append(("error", "unmodelled", f"{code} is not among the documented codes of EC2"))
    elif status != common[code]:
        found.append(("error", "status", f"HTTP {status} for {code} instead of {common[code]}"))
    return code
