"""How single calls are tried: what each said is put down under a name, and printed as {check: outcome} at the end."""

import json

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

outcomes = {}


def attempt(call):
    """The call's value, or the code of the error that it met, with its reason where AWS documents one."""
    try:
        return call(), None
    except ClientError as error:
        reason = error.response.get("Reason")
        return None, error.response["Error"]["Code"] + (f" {reason}" if reason else "")
    except ResponseParserError:
        return None, "500 in HTML"


def check(name, call):
    """A call that is refused or not."""
    assert name not in outcomes, name
    outcomes[name] = attempt(call)[1] or "ok"


def tell(name, call):
    """A call whose answer matters."""
    assert name not in outcomes, name
    value, error = attempt(call)
    outcomes[name] = error or str(value)


def finish():
    print(json.dumps(outcomes, indent=1))
