import { X509Certificate } from 'node:crypto';
import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext, Part } from '../feature.ts';
import { filePart, unitPart } from '../parts.ts';
import type { Overlaybd } from './block.ts';

/** The unit that makes the system trust them. */
const AUTHORITIES_UNIT = 'overlaybd-authorities.service';

/**
 * Certificates of private authorities. overlaybd-tcmu reads the system's bundle when it starts and knows no other, so
 * that the bundle is made anew before it does.
 */
export function renderAuthorities(
  { authorities = [] }: Overlaybd,
  context: FeatureContext,
): { readonly fragment: readonly Part[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics = authorities.flatMap((text, index) => {
    if (isCertificates(text)) return [];
    const message = /PRIVATE KEY-----/.test(text) ? 'this holds a private key' : 'this is no certificate in PEM';
    const hint = 'only what stands from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----';
    return [context.report('error', ['authorities', index], message, hint)];
  });
  if (authorities.length === 0 || diagnostics.length > 0) return { fragment: [], diagnostics };
  const origin = context.at('authorities');
  const unit = [
    '[Unit]',
    'Description=Trust the certificate authorities of the image registries',
    'Before=overlaybd-tcmu.service overlaybd-snapshotter.service containerd.service',
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=/usr/sbin/update-ca-certificates',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n');
  return {
    fragment: [
      ...authorities.map((text, index) =>
        filePart(
          context.at('authorities', index),
          `/etc/ssl/certs/overlaybd-authority-${index + 1}.pem`,
          `${text.trim()}\n`,
        ),
      ),
      unitPart(origin, AUTHORITIES_UNIT, { enabled: true, contents: unit }),
    ],
    diagnostics,
  };
}

const END = '-----END CERTIFICATE-----';

/** True for one certificate after the other and nothing else; each is read, since one that is cut off is ignored in silence. */
export function isCertificates(text: string): boolean {
  const parts = text.trim().split(END);
  const rest = parts.pop();
  return parts.length > 0 && rest === '' && parts.every((part) => isCertificate(`${part.trim()}\n${END}\n`));
}

function isCertificate(pem: string): boolean {
  try {
    return pem.startsWith('-----BEGIN CERTIFICATE-----') && new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
