"""python3 -m shop [--port N]: serves until it is stopped; port 0 takes a free one and prints it."""

import argparse

from shop.server import serve

parser = argparse.ArgumentParser(prog="shop", description="Example web shop.")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=8000, help="0 for a free one")
arguments = parser.parse_args()
try:
    serve(arguments.host, arguments.port)
except KeyboardInterrupt:
    pass
