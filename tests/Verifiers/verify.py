"""Verifies every signature of every message of a folder with dkimpy. Usage: verify.py KEYS FOLDER"""
import os
import sys

try:
    import dkim
    import nacl.signing
except ImportError:
    sys.exit(3)

keys = dict(line.rstrip("\n").split(" ", 1) for line in open(sys.argv[1], encoding="ascii"))


def text_of(name, timeout=5):
    return keys.get(name.decode("ascii").rstrip("."), "").encode("ascii")


for file in sorted(os.listdir(sys.argv[2])):
    with open(os.path.join(sys.argv[2], file), "rb") as stream:
        octets = stream.read()
    count = sum(1 for name, _ in dkim.DKIM(octets).headers if name.lower() == b"dkim-signature")
    try:
        good = all([dkim.DKIM(octets).verify(index, dnsfunc=text_of) for index in range(count)])
    except dkim.DKIMException:
        good = False
    print(file, count if good else -1)
