// The sockets of a target's network namespace by inode: protocol, state, both ends. From /proc/PID/net.

import { readProcText } from './proc-file.ts';

export interface SocketInfo {
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** `ESTABLISHED`, `CLOSE_WAIT`, `LISTEN`, …; '' for sockets without one. */
  readonly state: string;
  /** `127.0.0.1:8000`, `[::1]:8000`, the path of a unix socket, or ''. */
  readonly local: string;
  /** The other end, or '' when there is none. */
  readonly peer: string;
}

/** Numbering of include/net/tcp_states.h, as printed in hexadecimal. */
const TCP_STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
  '0C': 'NEW_SYN_RECV',
};

/** Every socket that the target's network namespace shows, by the inode in `socket:[…]`. */
export function readSockets(pid: number): Map<number, SocketInfo> {
  const sockets = new Map<number, SocketInfo>();
  for (const [file, protocol] of [
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
    ['udp', 'udp'],
    ['udp6', 'udp'],
  ] as const) {
    parseInternetSockets(readProcText(`/proc/${pid}/net/${file}`) ?? '', protocol, sockets);
  }
  parseUnixSockets(readProcText(`/proc/${pid}/net/unix`) ?? '', sockets);
  return sockets;
}

function parseInternetSockets(text: string, protocol: 'tcp' | 'udp', into: Map<number, SocketInfo>): void {
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const inode = Number(fields[9]);
    if (fields.length < 10 || !(inode > 0)) continue;
    const peer = formatEndpoint(fields[2]!);
    into.set(inode, {
      protocol,
      state: protocol === 'tcp' ? (TCP_STATES[fields[3]!] ?? fields[3]!) : '',
      local: formatEndpoint(fields[1]!),
      peer: peer.endsWith(':0') ? '' : peer,
    });
  }
}

function parseUnixSockets(text: string, into: Map<number, SocketInfo>): void {
  // Num RefCount Protocol Flags Type St Inode Path
  for (const line of text.split('\n').slice(1)) {
    const match = /^\S+: \S+ \S+ (\S+) \S+ (\S+) +(\d+)(?: (.*))?$/.exec(line);
    if (match === null) continue;
    // __SO_ACCEPTCON in the flags; SS_CONNECTED is state 3.
    const state = (Number.parseInt(match[1]!, 16) & 0x10000) !== 0 ? 'LISTEN' : match[2] === '03' ? 'ESTABLISHED' : '';
    into.set(Number(match[3]), { protocol: 'unix', state, local: match[4] ?? '', peer: '' });
  }
}

/** `0100007F:1F90` is 127.0.0.1:8000: each 32-bit word of the address in the byte order of the host. */
export function formatEndpoint(text: string): string {
  const [address = '', portText = '0'] = text.split(':');
  const port = Number.parseInt(portText, 16);
  const bytes: number[] = [];
  for (let word = 0; word + 8 <= address.length; word += 8) {
    for (let at = 6; at >= 0; at -= 2) bytes.push(Number.parseInt(address.slice(word + at, word + at + 2), 16));
  }
  if (bytes.length === 4) return `${bytes.join('.')}:${port}`;
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return `${bytes.slice(12).join('.')}:${port}`;
  const groups: string[] = [];
  for (let at = 0; at < bytes.length; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16));
  // The longest run of two or more zero groups becomes "::" (RFC 5952).
  const zeros = groups.join(':').match(/(^|:)0(:0)+(?=:|$)/g) ?? [];
  const longest = zeros.reduce((best, run) => (run.length > best.length ? run : best), '');
  const joined = groups.join(':');
  const short =
    longest === ''
      ? joined
      : joined
          .replace(longest, ':')
          .replace(/^:(?!:)/, '::')
          .replace(/:$/, '::');
  return `[${short.replace(/:{3,}/, '::')}]:${port}`;
}
