"""Runs a command that must not outlive the test: it is killed when our standard input closes, however the test ended."""

import os
import subprocess
import sys
import threading

child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
threading.Thread(target=lambda: os._exit(child.wait()), daemon=True).start()
sys.stdin.read()
child.kill()
child.wait()
