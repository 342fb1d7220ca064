"""Stands for `docker` and `podman`, where a test has neither: the image is the programs of $ENGINE_IMAGE, and what runs in a container runs
here, in the folder that is mounted and with the variables of the file alone. It takes the options that our files use, and no others.
"""

import argparse
import os
import shutil
import subprocess
import sys

image = os.environ["ENGINE_IMAGE"]
parser = argparse.ArgumentParser(prog="engine")
commands = parser.add_subparsers(dest="command", required=True)
commands.add_parser("create").add_argument("image")
copy = commands.add_parser("cp")
copy.add_argument("source")
copy.add_argument("target")
commands.add_parser("rm").add_argument("container")
run = commands.add_parser("run")
run.add_argument("--rm", action="store_true", required=True)
run.add_argument("--env-file", required=True)
run.add_argument("--volume", required=True)
run.add_argument("--workdir", required=True)
run.add_argument("image")
run.add_argument("arguments", nargs=argparse.REMAINDER)
asked = parser.parse_args()

match asked.command:
    case "create":
        print("container-1")
    case "cp":
        container, path = asked.source.split(":", 1)
        assert container == "container-1", container
        shutil.copy(os.path.join(image, os.path.basename(path)), asked.target)
    case "run":
        here, there, mode = asked.volume.split(":")
        assert there == asked.workdir and mode == "ro", "what runs finds its files, and changes none"
        variables = dict(line.rstrip("\n").split("=", 1) for line in open(asked.env_file))
        variables["PATH"] = os.pathsep.join([image, "/usr/bin", "/bin"])
        sys.exit(subprocess.run(asked.arguments, cwd=here, env=variables).returncode)
