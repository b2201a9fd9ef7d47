import { fileTree } from './nodes.ts';

/** Public keys of users; the first two are in key files too. */
export const KEYS = [
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAA one',
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAB two',
  'ssh-rsa C three',
];

/** Two self-signed certificates of the names a and b, as Ignition parses them while it fetches. */
export const CERTIFICATES = [
  `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUYPcBh8MlGyhHNYihFxjOUVAnzLkwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAgFw0yNjExMjQxODQyNTZaGA8yMTI2MTAzMTE4NDI1Nlow
DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEGqOJamvUha
WHoIPDdbhUMdT4Goj3ktWg3w1lSdeek2M7YhBVFcIQ488+Zw7suuK6tgtbDlgAe5
viZKB1+gvZWjUzBRMB0GA1UdDgQWBBQPiiqyMaU9Hhz3XyDnsxGLmceaeTAfBgNV
HSMEGDAWgBQPiiqyMaU9Hhz3XyDnsxGLmceaeTAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIH2d5ZYaZrNIEsI1h4we9ws+A/1vyJxmHmZdNolpbtSQ
AiEA/whkQdjO+oWL80GP/fh+meEvRIvsp6r6D5zqGEj8WRw=
-----END CERTIFICATE-----
`,
  `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUUnvmILoh7r+V6+HhCpNz+EfWwAcwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYjAgFw0yNjExMjQxODQyNTZaGA8yMTI2MTAzMTE4NDI1Nlow
DDEKMAgGA1UEAwwBYjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPz4nXxkIL2E
2G6rPYi9XtQ6peCgt0Cvm+NCf52o0r00RPAYnj10LTm3t5uUcc6tEp/LTsh9xUL2
yPXHefBc8YqjUzBRMB0GA1UdDgQWBBST520vcBvLK+CuUMoGDEDOK2srATAfBgNV
HSMEGDAWgBST520vcBvLK+CuUMoGDEDOK2srATAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIBZQiC6FCRIpaNTm1Z1yxgTo/k9UEmNRVvh4FufmCrqW
AiEAp/j8Mf6DooODYKi2Fy9WPC5+ScN8qEaTEBwyeo1YKQE=
-----END CERTIFICATE-----
`,
] as const;

/** A text that butane compresses. */
export const LONG = 'a line that gzip makes short\n'.repeat(20);
/** A unit, also in a file. */
export const UNIT =
  '[Unit]\nDescription=local\n[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n';

/** The files that the layers refer to. */
export const FILES = fileTree({
  'short.txt': 'short\n',
  'long.txt': LONG,
  'a.pem': CERTIFICATES[0],
  'unit.service': UNIT,
  'child.ign': '{"ignition": {"version": "3.6.0"}}',
  'group.ign': '{"ignition": {"version": "3.6.0"}, "passwd": {"groups": [{"name": "child"}]}}',
  'keys/one': `${KEYS[0]}\n`,
  'keys/both': `${KEYS[0]}\n\n${KEYS[1]}\n`,
  'tree-a/etc/plain': 'plain of a\n',
  'tree-a/etc/tool': { run: '#!/bin/sh\n' },
  'tree-a/etc/link': { link: 'plain' },
  'tree-b/plain': 'plain of b\n',
  'tree-b/deep/more': LONG,
});
