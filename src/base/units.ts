// Numbers as people read them: the one place that rounds, so that every output rounds alike.

const KIB = 1024;

/** `812 MB`, `2.2 KB`, `14 B`: binary units under their common names, two significant digits below 10. */
export function formatBytes(bytes: number): string {
  const sign = bytes < 0 ? '-' : '';
  let value = Math.abs(bytes);
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= KIB;
    unit++;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${sign}${value.toFixed(digits)} ${units[unit]}`;
}

/** `184,220`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `3 h 12 min`, `41 s`, `2 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** `+1.9 MB/min`. */
export function formatByteRate(bytesPerMinute: number): string {
  return `${bytesPerMinute >= 0 ? '+' : ''}${formatBytes(bytesPerMinute)}/min`;
}

/** Parses `60s`, `5m`, `1h`, `250ms`, or bare seconds; returns seconds, or undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|min|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]);
  switch (match[2]) {
    case 'ms':
      return value / 1000;
    case 'm':
    case 'min':
      return value * 60;
    case 'h':
      return value * 3600;
    default:
      return value;
  }
}
