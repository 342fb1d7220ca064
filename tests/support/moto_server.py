"""A moto server that lives exactly as long as the test: it stops when its standard input closes, however the test ended."""

import os
import sys

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto.server import ThreadedMotoServer  # noqa: E402

# Port 0: the kernel picks a free one, so that no two tests race for a port.
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"listening on http://{host}:{port}", flush=True)
sys.stdin.read()
os._exit(0)
