"""Runs a command on a terminal of its own and answers its question: terminal.py ANSWER COMMAND…; prints {"status", "output"}.

Before it answers it runs the program and arguments in BEFORE_ANSWER, a JSON list, if there are any.
The terminal has TERMINAL_COLUMNS columns; without that, it does not say how many.
"""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios

answer, command = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    if "TERMINAL_COLUMNS" in os.environ:
        size = struct.pack("HHHH", 24, int(os.environ["TERMINAL_COLUMNS"]), 0, 0)
        fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, size)
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
    if not asked and (b'Type "yes" to continue' in output or b"Type the name of its owner" in output):
        asked = True
        if "BEFORE_ANSWER" in os.environ:
            subprocess.run(json.loads(os.environ["BEFORE_ANSWER"]), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.write(terminal, answer.encode() + b"\n")
_, status = os.waitpid(child, 0)
print(json.dumps({"status": os.waitstatus_to_exitcode(status), "output": output.decode(errors="replace")}))
