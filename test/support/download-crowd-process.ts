import { connect } from 'node:net';

/**
 * Downloads one file over many connections at once: `URL CONNECTIONS BYTES MILLISECONDS`. One in twenty takes the whole
 * file; of the others half take parts of it and half leave in the middle, again and again until the time is over. Each
 * block of 64 KiB begins with its place in the file, which is checked. Tells its parent when all have begun, and at the
 * end what came.
 */
const [url = '', connections, bytes, milliseconds] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const SIZE = Number(bytes);
const UNTIL = performance.now() + Number(milliseconds);

const BLOCK = 64 * 1024;
const PART = 64 * BLOCK;
const WHOLE_EVERY = 20;

/** What came over all connections. */
export interface CrowdReport {
  readonly bytes: number;
  readonly whole: number;
  readonly parts: number;
  readonly aborted: number;
}

const report = { bytes: 0, whole: 0, parts: 0, aborted: 0 };
let begun = 0;

// What came is only counted, so that all connections read into one place.
const buffer = Buffer.alloc(BLOCK);

/** Downloads one part and resolves when it is there, or when enough of it is and the connection was cut. */
function download(from: number, length: number, leaveAfter = Number.POSITIVE_INFINITY): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = '';
    let got = -1;
    const take = (count: number): boolean => {
      let body = 0;
      if (got < 0) {
        if (head === '') begun += 1;
        if (begun === Number(connections)) process.send?.({ begun });
        head += buffer.toString('latin1', 0, count);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return true;
        const expected = `HTTP/1.1 ${length === SIZE ? 200 : 206} `;
        const place = Buffer.from(head.slice(end + 4, end + 12), 'latin1');
        if (!head.startsWith(expected)) reject(new Error(head));
        if (place.length === 8 && place.readDoubleLE() !== from) reject(new Error(`this is not the byte ${from}`));
        body = head.length - end - 4;
        got = 0;
      } else body = count;
      got += body;
      report.bytes += body;
      if (got >= leaveAfter) socket.destroy();
      return true;
    };
    const socket = connect({ host: hostname, port: Number(port), onread: { buffer, callback: take } });
    const range = length === SIZE ? '' : `Range: bytes=${from}-${from + length - 1}\r\n`;
    socket.write(`GET ${pathname} HTTP/1.1\r\nConnection: close\r\n${range}\r\n`);
    socket.once('error', reject);
    socket.once('close', () => {
      if (got === length || got >= leaveAfter) resolve();
      else reject(new Error(`${got} of ${length} bytes came`));
    });
  });
}

async function work(index: number): Promise<void> {
  if (index % WHOLE_EVERY === 0) {
    await download(0, SIZE);
    report.whole += 1;
    return;
  }
  for (let turn = index; performance.now() < UNTIL; turn += 1) {
    const from = ((turn * 7919) % (SIZE / PART)) * PART;
    if (index % 2 === 0) {
      await download(from, PART);
      report.parts += 1;
    } else {
      await download(0, SIZE, PART);
      report.aborted += 1;
    }
  }
}

await Promise.all(Array.from({ length: Number(connections) }, (_, index) => work(index)));
process.send?.(report);
process.disconnect?.();
