"""A moto server that lives exactly as long as the test: it stops when its standard input closes, however the test ended."""

import os
import sys

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"

from moto.ec2.models.subnets import SubnetBackend  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

moto_deletes_a_subnet = SubnetBackend.delete_subnet


def delete_subnet(self, subnet_id):
    """As AWS does: with a subnet goes its association. moto keeps it, and then never lets go of the table, nor of the VPC."""
    subnet = moto_deletes_a_subnet(self, subnet_id)
    for table in self.route_tables.values():
        for association in [id for id, associated in table._associations.items() if associated == subnet_id]:
            del table._associations[association]
    return subnet


SubnetBackend.delete_subnet = delete_subnet

# Port 0: the kernel picks a free one, so that no two tests race for a port.
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"listening on http://{host}:{port}", flush=True)
sys.stdin.read()
os._exit(0)
