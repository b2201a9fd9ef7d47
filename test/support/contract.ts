import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { Answer } from './service.ts';

/** Fails unless an answer to `path` is what the document of the operator API promises. */
export type Contract = (path: string, answer: Answer, method?: 'get' | 'post') => void;

/** Gives a check of answers against what openapi/operator.yaml says of a path. */
export async function readContract(): Promise<Contract> {
  const document = parse(await readFile('openapi/operator.yaml', 'utf8'));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
  return (path, answer, method = 'get') => {
    const type = String(answer.headers['content-type']).split(';')[0] ?? '';
    const parts = ['paths', path, method, 'responses', String(answer.status), 'content', type, 'schema'];
    const pointer = parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
    const validate = ajv.compile({ $ref: `document#/${pointer.join('/')}` });
    const body: unknown = JSON.parse(answer.body.toString());
    assert.ok(validate(body), `${path}: ${ajv.errorsText(validate.errors)} in ${answer.body}`);
  };
}
