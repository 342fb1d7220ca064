"""A person at a terminal, who runs a command and says yes where it asks: person.py COMMAND…"""

import json
import subprocess
import sys
from pathlib import Path

terminal = Path(__file__).parents[1] / "cli/terminal.py"
ran = json.loads(subprocess.run([sys.executable, terminal, "yes", *sys.argv[1:]], stdout=subprocess.PIPE, check=True).stdout)
print(ran["output"])
sys.exit(ran["status"])
