const whole = new Intl.NumberFormat('en');

/** `1,234`, `12.3 k`, `4.56 M`. */
export function count(n: number): string {
  if (n < 10_000) return whole.format(Math.round(n));
  return n < 1e6 ? `${threeDigits(n / 1e3)} k` : `${threeDigits(n / 1e6)} M`;
}

/** Records a second: `0/s`, `2.1/s`, `12.3 k/s`; `–` where it is not known. */
export function rate(n: number | null | undefined): string {
  if (n === null || n === undefined) return '–';
  if (n === 0) return '0/s';
  return n < 100 ? `${n < 0.1 ? '<0.1' : n.toFixed(1)}/s` : `${count(n)}/s`;
}

/** `8.2 ms`, `120 ms`, `1.2 s`, `3 min`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 7.2e6 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3.6e6)} h`;
}

/** `312 B`, `4.1 kB`, `12 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${threeDigits(n / 1e3)} kB`;
  return n < 1e9 ? `${threeDigits(n / 1e6)} MB` : `${threeDigits(n / 1e9)} GB`;
}

/** `0 %`, `<1 %`, `42 %`. */
export function percent(part: number | null | undefined): string {
  if (part === null || part === undefined) return '–';
  if (part === 0) return '0 %';
  return part < 0.01 ? '<1 %' : `${Math.round(Math.min(1, part) * 100)} %`;
}

/** `14:03:12`. */
export function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString('en-GB');
}

function threeDigits(n: number): string {
  if (n >= 100) return n.toFixed(0);
  return n >= 10 ? n.toFixed(1) : n.toFixed(2);
}
