import { request } from 'node:http';

/** Asks a URL with a method and headers, given as JSON, and prints the status and the body as JSON. */
const [url = '', method = 'GET', headers = '{}'] = process.argv.slice(2);

request(url, { method, headers: JSON.parse(headers) }, (answer) => {
  let body = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk;
  });
  answer.on('end', () => process.stdout.write(JSON.stringify({ status: answer.statusCode, body })));
}).end();
