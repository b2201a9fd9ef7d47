import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pino } from 'pino';
import type { Config, Environment, Flags } from '../../src/config.ts';
import { formatListener, LOG_LEVELS, readConfig } from '../../src/config.ts';
import { createApp } from '../../src/http/app.ts';

function configOf(flags: Flags, environment: Environment = {}, onTerminal = false): Config {
  const result = readConfig(flags, environment, onTerminal);
  assert.ok(result.ok, result.ok ? '' : result.faults.join('\n'));
  return result.config;
}

function faultsOf(flags: Flags, environment: Environment = {}): readonly string[] {
  const result = readConfig(flags, environment, false);
  return result.ok ? [] : result.faults;
}

/** The flag or variable that each fault names. */
function blamed(flags: Flags, environment: Environment = {}): readonly string[] {
  return faultsOf(flags, environment).map((fault) => fault.replace(/: .*$/s, ''));
}

interface Setting {
  readonly key: keyof Config;
  readonly flags: Flags;
  readonly variable: string;
  readonly text: string;
  readonly byFlag: unknown;
  readonly byVariable: unknown;
  readonly byDefault: unknown;
}

const SETTINGS: readonly Setting[] = [
  {
    key: 'site',
    flags: { site: 'a' },
    variable: 'PILOTLIGHT_SITE',
    text: 'b',
    byFlag: 'a',
    byVariable: 'b',
    byDefault: 'site',
  },
  {
    key: 'assets',
    flags: { assets: 'a' },
    variable: 'PILOTLIGHT_ASSETS',
    text: 'b',
    byFlag: 'a',
    byVariable: 'b',
    byDefault: 'site/assets',
  },
  {
    key: 'listen',
    flags: { listen: '0.0.0.0:1' },
    variable: 'PILOTLIGHT_LISTEN',
    text: '[::]:2',
    byFlag: { host: '0.0.0.0', port: 1 },
    byVariable: { host: '::', port: 2 },
    byDefault: { host: '127.0.0.1', port: 8080 },
  },
  {
    key: 'operatorListen',
    flags: { operatorListen: 'localhost:1' },
    variable: 'PILOTLIGHT_OPERATOR_LISTEN',
    text: '[::1]:2',
    byFlag: { host: 'localhost', port: 1 },
    byVariable: { host: '::1', port: 2 },
    byDefault: { host: '127.0.0.1', port: 8081 },
  },
  {
    key: 'operatorTokenFile',
    flags: { operatorTokenFile: 'a' },
    variable: 'PILOTLIGHT_OPERATOR_TOKEN_FILE',
    text: 'b',
    byFlag: 'a',
    byVariable: 'b',
    byDefault: undefined,
  },
  {
    key: 'publicUrl',
    flags: { publicUrl: 'http://a' },
    variable: 'PILOTLIGHT_PUBLIC_URL',
    text: 'https://b/c',
    byFlag: 'http://a',
    byVariable: 'https://b/c',
    byDefault: 'http://127.0.0.1:8080',
  },
  {
    key: 'stateDir',
    flags: { stateDir: 'a' },
    variable: 'PILOTLIGHT_STATE_DIR',
    text: 'b',
    byFlag: 'a',
    byVariable: 'b',
    byDefault: '.pilotlight',
  },
  {
    key: 'butane',
    flags: { butane: 'a' },
    variable: 'PILOTLIGHT_BUTANE',
    text: 'b',
    byFlag: 'a',
    byVariable: 'b',
    byDefault: undefined,
  },
  {
    key: 'trustedProxies',
    flags: { trustedProxy: ['10.0.0.0/8', '::1'] },
    variable: 'PILOTLIGHT_TRUSTED_PROXIES',
    text: ' 192.0.2.1,2001:db8::/32  fd00::1 ',
    byFlag: ['10.0.0.0/8', '::1'],
    byVariable: ['192.0.2.1', '2001:db8::/32', 'fd00::1'],
    byDefault: [],
  },
  {
    key: 'logLevel',
    flags: { logLevel: 'debug' },
    variable: 'PILOTLIGHT_LOG_LEVEL',
    text: 'silent',
    byFlag: 'debug',
    byVariable: 'silent',
    byDefault: 'info',
  },
  {
    key: 'logFormat',
    flags: { logFormat: 'pretty' },
    variable: 'PILOTLIGHT_LOG_FORMAT',
    text: 'pretty',
    byFlag: 'pretty',
    byVariable: 'pretty',
    byDefault: 'json',
  },
];

describe('a flag wins over the environment, and that over the default:', () => {
  for (const { key, flags, variable, text, byFlag, byVariable, byDefault } of SETTINGS) {
    test(key, () => {
      assert.deepEqual(configOf(flags, { [variable]: text })[key], byFlag);
      assert.deepEqual(configOf({}, { [variable]: text })[key], byVariable);
      assert.deepEqual(configOf({})[key], byDefault);
      assert.equal(key in configOf({}), byDefault !== undefined);
    });
  }

  test('an empty variable is an absent one', () => {
    const empty = Object.fromEntries(SETTINGS.map(({ variable }) => [variable, '']));
    assert.deepEqual(configOf({}, empty), configOf({}));
  });

  test('logs are pretty on a terminal, unless something else was chosen', () => {
    assert.equal(configOf({}, {}, true).logFormat, 'pretty');
    assert.equal(configOf({}, { PILOTLIGHT_LOG_FORMAT: 'json' }, true).logFormat, 'json');
    assert.equal(configOf({ logFormat: 'json' }, {}, true).logFormat, 'json');
  });

  test('every level of the log can be chosen', () => {
    for (const logLevel of LOG_LEVELS) assert.equal(configOf({ logLevel }).logLevel, logLevel);
  });
});

describe('TLS', () => {
  const files = { certFile: 'c.pem', keyFile: 'k.pem' };

  test('takes a certificate and its key, and machines then reach the service by https', () => {
    const { tls, publicUrl } = configOf({ tlsCert: 'c.pem', tlsKey: 'k.pem' });
    assert.deepEqual([tls, publicUrl], [files, 'https://127.0.0.1:8080']);
    const environment = { PILOTLIGHT_TLS_CERT: 'c.pem', PILOTLIGHT_TLS_KEY: 'k.pem' };
    assert.deepEqual(configOf({}, environment).tls, files);
    assert.equal(configOf({}).tls, undefined);
  });

  test('is not spoken with one of them alone', () => {
    assert.deepEqual(blamed({ tlsCert: 'c.pem' }), ['--tls-cert']);
    assert.deepEqual(blamed({}, { PILOTLIGHT_TLS_KEY: 'k.pem' }), ['PILOTLIGHT_TLS_KEY']);
  });
});

test('an address of the link alone has its interface, and no URL has', () => {
  const { listen, publicUrl } = configOf({ listen: '[fe80::a9fe:a9fe%br0.7]:80' });
  assert.deepEqual(listen, { host: 'fe80::a9fe:a9fe%br0.7', port: 80 });
  assert.equal(publicUrl, 'http://[fe80::a9fe:a9fe]:80');
  assert.ok(URL.canParse(publicUrl));
  assert.deepEqual(blamed({ listen: '[fe80::1%]:80' }), ['--listen']);
  assert.deepEqual(blamed({ listen: '[fe80::1%a/b]:80' }), ['--listen']);
});

describe('every fault is reported at once', () => {
  const wrong = {
    listen: '8080',
    operatorListen: 'localhost',
    publicUrl: 'ftp://boot.example',
    trustedProxy: ['10.0.0.0/8', 'proxy.example', '10.0.0.0/33'],
    logLevel: 'loud',
    logFormat: 'xml',
  };

  test('by the flag it stands in', () => {
    assert.deepEqual(blamed(wrong), [
      '--listen',
      '--operator-listen',
      '--public-url',
      '--trusted-proxy',
      '--trusted-proxy',
      '--log-level',
      '--log-format',
    ]);
  });

  test('by the variable it stands in', () => {
    const environment = {
      PILOTLIGHT_LISTEN: wrong.listen,
      PILOTLIGHT_OPERATOR_LISTEN: wrong.operatorListen,
      PILOTLIGHT_PUBLIC_URL: wrong.publicUrl,
      PILOTLIGHT_TRUSTED_PROXIES: wrong.trustedProxy.join(' '),
      PILOTLIGHT_LOG_LEVEL: wrong.logLevel,
      PILOTLIGHT_LOG_FORMAT: wrong.logFormat,
    };
    assert.deepEqual(blamed({}, environment), [
      'PILOTLIGHT_LISTEN',
      'PILOTLIGHT_OPERATOR_LISTEN',
      'PILOTLIGHT_PUBLIC_URL',
      'PILOTLIGHT_TRUSTED_PROXIES',
      'PILOTLIGHT_TRUSTED_PROXIES',
      'PILOTLIGHT_LOG_LEVEL',
      'PILOTLIGHT_LOG_FORMAT',
    ]);
  });

  test('a wrong variable does not matter where a flag is given', () => {
    assert.deepEqual(faultsOf({ listen: '127.0.0.1:1' }, { PILOTLIGHT_LISTEN: 'nonsense' }), []);
  });
});

describe('a listener', () => {
  const written: Readonly<Record<string, readonly [string, number]>> = {
    '127.0.0.1:8080': ['127.0.0.1', 8080],
    '0.0.0.0:0': ['0.0.0.0', 0],
    'boot.example:65535': ['boot.example', 65_535],
    '[::1]:80': ['::1', 80],
    '[2001:DB8::1]:80': ['2001:DB8::1', 80],
    '[::ffff:127.0.0.1]:80': ['::ffff:127.0.0.1', 80],
  };
  for (const [text, [host, port]] of Object.entries(written)) {
    test(`can be ${text}`, () => {
      const { listen } = configOf({ listen: text });
      assert.deepEqual(listen, { host, port });
      assert.equal(formatListener(listen), text);
    });
  }

  for (const text of [
    '',
    '8080',
    ':8080',
    'host',
    'host:',
    'host:http',
    'host:-1',
    'host:65536',
    'host:123456',
    '::1:8080',
    '::1',
    '[::1]',
    '[::1]8080',
    '[]:80',
    '[:]:80',
    '[1]:80',
    '[host]:80',
    ' host:80',
    'host:80 ',
    'host:80\n',
    'http://host:80',
  ]) {
    test(`cannot be ${JSON.stringify(text)}`, () => assert.deepEqual(blamed({ listen: text }), ['--listen']));
  }

  test('is the public URL when none is given, an IPv6 address in brackets', () => {
    assert.equal(configOf({ listen: '[::1]:9090' }).publicUrl, 'http://[::1]:9090');
    assert.equal(configOf({ listen: 'boot.example:80' }).publicUrl, 'http://boot.example:80');
  });
});

describe('the operator listener', () => {
  for (const host of ['127.0.0.1', '127.8.9.10', 'localhost', '[::1]', '[0:0::1]', '[::ffff:127.0.0.1]']) {
    test(`needs no token on ${host}`, () => assert.deepEqual(faultsOf({ operatorListen: `${host}:81` }), []));
  }

  for (const host of [
    '0.0.0.0',
    '[::]',
    '10.0.0.1',
    'localhost.example',
    '127.0.0.1.example',
    '[::ffff:10.0.0.1]',
    '[fe80::1]',
  ]) {
    test(`needs a token on ${host}`, () => {
      const operatorListen = `${host}:81`;
      assert.match(faultsOf({ operatorListen }).join('\n'), /^--operator-listen: .*--operator-token-file/);
      assert.deepEqual(faultsOf({ operatorListen, operatorTokenFile: 'token' }), []);
      assert.deepEqual(faultsOf({ operatorListen }, { PILOTLIGHT_OPERATOR_TOKEN_FILE: 'token' }), []);
      assert.equal(faultsOf({ operatorListen }, { PILOTLIGHT_OPERATOR_TOKEN_FILE: '' }).length, 1);
    });
  }

  test('that needs a token is blamed by its variable when that gave it', () => {
    assert.deepEqual(blamed({}, { PILOTLIGHT_OPERATOR_LISTEN: '0.0.0.0:81' }), ['PILOTLIGHT_OPERATOR_LISTEN']);
  });

  test('is another one than the machine listener', () => {
    assert.deepEqual(blamed({ listen: 'localhost:1', operatorListen: 'localhost:1' }), ['--operator-listen']);
    assert.deepEqual(blamed({ operatorListen: '127.0.0.1:8080' }), ['--operator-listen']);
    assert.deepEqual(blamed({ listen: '127.0.0.1:0', operatorListen: '127.0.0.1:0' }), []);
    assert.deepEqual(blamed({ listen: '127.0.0.1:1', operatorListen: '127.0.0.2:1' }), []);
    assert.deepEqual(blamed({}, { PILOTLIGHT_OPERATOR_LISTEN: '127.0.0.1:8080' }), ['PILOTLIGHT_OPERATOR_LISTEN']);
  });
});

describe('the public URL', () => {
  const written: Readonly<Record<string, string>> = {
    'http://boot.example:8080': 'http://boot.example:8080',
    'https://boot.example/': 'https://boot.example',
    'https://boot.example/pilot/light//': 'https://boot.example/pilot/light',
    'http://[2001:db8::1]:80': 'http://[2001:db8::1]:80',
  };
  for (const [text, url] of Object.entries(written)) {
    test(`${text} has no slash at its end`, () => assert.equal(configOf({ publicUrl: text }).publicUrl, url));
  }

  for (const text of [
    '',
    '/boot',
    'boot.example',
    '//boot.example',
    'ftp://boot.example',
    'javascript:alert(1)',
    'http://',
    'http://boot.example:99999',
    'http://boot.example/?a=b',
    'http://boot.example/#a',
    'http://user@boot.example',
    'http://user:password@boot.example',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => assert.deepEqual(blamed({ publicUrl: text }), ['--public-url']));
  }

  for (const text of [
    'http://boot.example?',
    'http://boot.example/#',
    'http://:password@boot.example',
    ' http://boot.example',
    'http://boot.example\n',
    'http://boot\t.example',
  ]) {
    test(`never carries the rest of ${JSON.stringify(text)}`, () => {
      const result = readConfig({ publicUrl: text }, {}, false);
      assert.ok(!result.ok || /^https?:\/\/[^\s?#@]+$/.test(result.config.publicUrl), JSON.stringify(result));
    });
  }
});

describe('the metadata services', () => {
  test('are dialects that there are, of which no two have one path', () => {
    assert.deepEqual(configOf({ metadata: 'aws, gcp' }).metadata, ['aws', 'gcp']);
    assert.deepEqual(configOf({}).metadata, []);
    assert.deepEqual(blamed({ metadata: 'aws,other' }), ['--metadata']);
    assert.match(faultsOf({ metadata: 'gcp,aws,openstack' }).join(), /aws and openstack have the same paths/);
    assert.match(faultsOf({}, { PILOTLIGHT_METADATA: 'digitalocean,upcloud' }).join(), /PILOTLIGHT_METADATA/);
  });
});

describe('a trusted proxy', () => {
  for (const text of [
    '',
    'x',
    'loopback',
    'proxy.example',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/255.0.0.0',
  ]) {
    test(`is no ${JSON.stringify(text)}`, () => {
      assert.deepEqual(blamed({ trustedProxy: [text] }), ['--trusted-proxy']);
    });
  }

  for (const text of ['1', '10/8', '10.1/16', '010.0.0.0/8', '0x0a000000/8']) {
    test(`${text} is refused, since its readers disagree about it`, () => {
      assert.deepEqual(blamed({ trustedProxy: [text] }), ['--trusted-proxy']);
    });
  }

  for (const text of ['192.0.2.1', '10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:10.0.0.1']) {
    test(`can be ${text}`, () => {
      assert.deepEqual(configOf({ trustedProxy: [text] }).trustedProxies, [text]);
    });
  }

  test('is one that the listeners can be made with', () => {
    for (const text of ['192.0.2.1', '10.0.0.0/8', '::1', '2001:db8::/32', '0.0.0.0/0', '::/0', 'fe80::1%eth0']) {
      if (faultsOf({ trustedProxy: [text] }).length > 0) continue;
      assert.doesNotThrow(() => createApp({ logger: pino({ level: 'silent' }), trustedProxies: [text] }), text);
    }
  });
});

test('a config cannot be changed, in no part of it', () => {
  const config = configOf({ trustedProxy: ['10.0.0.0/8'] });
  const parts: readonly [string, unknown][] = [['config', config], ...Object.entries(config)];
  const open = parts.filter(([, part]) => typeof part === 'object' && !Object.isFrozen(part)).map(([name]) => name);
  assert.deepEqual(open, []);
});
