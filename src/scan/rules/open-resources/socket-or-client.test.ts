import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, fixed } from '../../../../test/support/scan-cases.ts';
import { socketOrClient } from './socket-or-client.ts';

test('sockets, sessions and other clients that nothing closes', () => {
  expectMarkedLines(
    socketOrClient,
    `
import asyncio, smtplib, socket
from urllib.request import urlopen
import aiohttp, httpx, requests

def port():
    s = socket.socket()  # <- finds high
    s.bind(("", 0))
    return s.getsockname()[1]

def fetch(url):
    session = requests.Session()  # <- finds high
    other = requests.sessions.session()  # <- finds high
    other.get(url)
    return session.get(url).text

def once(url):
    return requests.Session().get(url)  # <- finds medium

async def fetch_later(url):
    session = aiohttp.ClientSession()  # <- finds high
    response = await session.get(url)
    return await response.text()

async def client(url):
    client = httpx.AsyncClient()  # <- finds high
    return await client.get(url)

async def stream(host):
    reader, writer = await asyncio.open_connection(host, 80)  # <- finds high
    writer.write(b"x")
    return await reader.read()

def mail(message):
    server = smtplib.SMTP("localhost")  # <- finds high
    server.send_message(message)

def head(url):
    response = urlopen(url)  # <- finds medium
    return response.getheader("Date")
`,
  );
});

test('closed, entered, shared, or there for the life of the process', () => {
  expectMarkedLines(
    socketOrClient,
    `
import asyncio, smtplib, socket, ssl
from urllib.request import urlopen
import aiohttp, requests

SESSION = requests.Session()
SESSION.headers["x"] = "y"

def port():
    with socket.socket() as s:
        s.bind(("", 0))
        return s.getsockname()[1]

async def later(url):
    async with aiohttp.ClientSession() as session:
        return await session.get(url)

async def closed(url):
    session = aiohttp.ClientSession()
    try:
        return await session.get(url)
    finally:
        await session.close()

async def stream(host):
    reader, writer = await asyncio.open_connection(host, 80)
    try:
        return await reader.read()
    finally:
        writer.close()

async def give_stream(host):
    reader, writer = await asyncio.open_connection(host, 80)
    return reader, writer

def secure(host, context):
    sock = socket.create_connection((host, 443))
    return context.wrap_socket(sock, server_hostname=host)

def mail(message):
    server = smtplib.SMTP("localhost")
    try:
        server.send_message(message)
    finally:
        server.quit()

def read(url):
    return urlopen(url).read()

def make():
    session = requests.Session()
    session.verify = False
    return session

class Client:
    def __init__(self, app):
        self.session = requests.Session()
        app.state.session = aiohttp.ClientSession()

def file_of(host):
    sock = socket.create_connection((host, 80))
    return sock.makefile()
`,
  );
});

test('tests are short-lived', () => {
  const [finding] = findingsIn(socketOrClient, 'import socket\ndef f():\n    s = socket.socket()\n    s.listen()\n', {
    path: 'tests/test_net.py',
  });
  expect(finding!.confidence).toBe('medium');
});

test('an async session gets an async with', () => {
  expect(
    fixed(
      socketOrClient,
      'import aiohttp\nasync def get(url):\n    session = aiohttp.ClientSession()\n    return await (await session.get(url)).text()\n',
    ),
  ).toBe(
    'import aiohttp\nasync def get(url):\n    async with aiohttp.ClientSession() as session:\n        return await (await session.get(url)).text()\n',
  );
});
