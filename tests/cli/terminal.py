"""Runs a command on a terminal of its own and answers its question: terminal.py ANSWER COMMAND…; prints {"status", "output"}.

Before it answers it runs the program and arguments in BEFORE_ANSWER, a JSON list, if there are any.
"""

import json
import os
import pty
import subprocess
import sys

answer, command = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
output, asked = b"", False
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other side is gone
        break
    if not piece:
        break
    output += piece
    if not asked and (b"taken as consent" in output or b"Type the name of its owner" in output):
        asked = True
        if "BEFORE_ANSWER" in os.environ:
            subprocess.run(json.loads(os.environ["BEFORE_ANSWER"]), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.write(terminal, answer.encode() + b"\n")
_, status = os.waitpid(child, 0)
print(json.dumps({"status": os.waitstatus_to_exitcode(status), "output": output.decode(errors="replace")}))
