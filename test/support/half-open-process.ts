import { connect, type Socket } from 'node:net';

/**
 * Opens connections from one address, sends half a header on each and holds them: `PORT COUNT ADDRESS`. Prints how many
 * were opened so far, and ends when its standard input does.
 */
const [port, count, localAddress = '127.0.0.1'] = process.argv.slice(2);
const sockets: Socket[] = [];
let opened = 0;

function openOne(): void {
  if (sockets.length >= Number(count)) return;
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress });
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.once('connect', () => {
    socket.write('GET / HTTP/1.1\r\nX-Half:');
    opened += 1;
    if (opened % 100 === 0) process.stdout.write(`${opened}\n`);
  });
  socket.once(opened < Number(count) ? 'connect' : 'close', openOne);
}

for (let index = 0; index < 20; index += 1) openOne();
process.stdin.resume().once('end', () => process.exit());
