#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small WebSocket client: ws.py ws://HOST:PORT/ws

Sends each line of standard input as a text message, and prints each message that it gets. Answers pings. Ends when the server
closes the connection; the code of the close frame goes to standard error.
"""
import base64, os, socket, struct, sys, threading, urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
connection = socket.create_connection((url.hostname, url.port or 80))
incoming = connection.makefile("rb")
connection.sendall((f"GET {url.path or '/'}{'?' + url.query if url.query else ''} HTTP/1.1\r\nHost: {url.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
status = incoming.readline().decode().strip()
if " 101 " not in status + " ":
    sys.exit(f"ws.py: {status}")
while incoming.readline().strip():
    pass
lock = threading.Lock()


def send(opcode, payload):
    length = len(payload)
    head = bytes([0x80 | opcode])
    head += bytes([0x80 | length]) if length < 126 else struct.pack("!BH", 0xFE, length) if length < 65536 else struct.pack("!BQ", 0xFF, length)
    mask = os.urandom(4)
    with lock:
        connection.sendall(head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)))


def send_lines():
    for line in sys.stdin.buffer:
        send(1, line.rstrip(b"\n"))


threading.Thread(target=send_lines, daemon=True).start()
while len(head := incoming.read(2)) == 2:
    opcode, length = head[0] & 15, head[1] & 127
    if length == 126:
        length, = struct.unpack("!H", incoming.read(2))
    elif length == 127:
        length, = struct.unpack("!Q", incoming.read(8))
    payload = incoming.read(length)
    if opcode == 1:
        print(payload.decode(), flush=True)
    elif opcode == 8:
        print("ws.py: closed with", struct.unpack("!H", payload[:2])[0] if payload else "no code", file=sys.stderr)
        break
    elif opcode == 9:
        send(10, payload)
os._exit(0)  # the other thread still waits for standard input
